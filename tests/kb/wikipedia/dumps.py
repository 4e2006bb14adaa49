"""Small dumps written by hand."""

from __future__ import annotations

from html import escape

SITEINFO = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" xml:lang="{language}">
  <siteinfo><dbname>{language}wiki</dbname><case>first-letter</case><namespaces>
    <namespace key="0" case="first-letter" />
    <namespace key="6" case="first-letter">{file}</namespace>
    <namespace key="10" case="first-letter">{template}</namespace>
    <namespace key="14" case="first-letter">Kat</namespace>
  </namespaces></siteinfo>
"""


def page(title: str, text: str = "", id: int = 1, ns: int = 0, redirect: str | None = None) -> str:
    tag = "" if redirect is None else f'<redirect title="{escape(redirect)}" />'
    return (
        f"  <page>\n    <title>{escape(title)}</title>\n    <ns>{ns}</ns>\n    <id>{id}</id>\n{tag}"
        f'<revision><id>99</id><text bytes="1" xml:space="preserve">{escape(text)}</text></revision>\n  </page>\n'
    )


def dump(*pages: str, language: str = "xx", file: str = "Bilds", template: str = "Templ") -> str:
    return SITEINFO.format(language=language, file=file, template=template) + "".join(pages) + "</mediawiki>\n"

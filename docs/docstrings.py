"""For mkdocstrings: in our docstrings a line such as `path (Path): ...` begins an argument; on a page it is an item of a list."""

from __future__ import annotations

import re

from griffe import Docstring, Extension

_ITEM = re.compile(r"(RETURNS|RAISES|Raises|Warns)\b[^:]*?:? |\w+( \([^)]*\))?: ")


class Lists(Extension):
    """Turns these lines into items; what follows them, indented or not, belongs to them."""

    def on_instance(self, *, obj, **_) -> None:
        if obj.docstring is not None:
            obj.docstring = _with_items(obj.docstring)


def _with_items(docstring: Docstring) -> Docstring:
    lines, inside = [], False
    for line in docstring.value.splitlines():
        if _ITEM.match(line):
            name, colon, rest = line.partition(": ")
            lines += ([] if inside else [""]) + [f"- **{name}**{colon}{rest}"]
            inside = True
        else:
            inside = inside and bool(line.strip())
            lines.append(line)
    docstring.value = "\n".join(lines)
    return docstring

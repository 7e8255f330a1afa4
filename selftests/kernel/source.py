# SPDX-License-Identifier: GPL-2.0-only
"""Kernel sources, parsed by the kernel's coding style instead of a C parser.

The body of a function, structure or enumeration is between braces in the first column.
That is true of all files read here; anything that is not found is reported.
"""
import functools
import pathlib
import re

FOLDERS = ("include", "net", "drivers/net")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
NAME = re.compile(r"\b(?!__attribute__|__acquires|__releases|__must_hold)(\w+)\s*\(")
STEP = re.compile(r"\bXFRM_(?:INC|ADD)_STATS\(")
LINE = re.compile(r"\bLINUX_MIB_XFRM(\w+)")


def uncommented(text):
    """The lines, with blanks for comments."""
    return COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def one_line(text):
    return " ".join(text.split())


class File:
    """One file without its comments."""

    def __init__(self, path, text):
        self.path = path
        self.lines = uncommented(text).splitlines()

    @functools.cached_property
    def functions(self):
        """[(name, first line, last line)]; a name can occur twice, by #if."""
        found, first = [], None
        for number, line in enumerate(self.lines):
            if line.startswith("{"):
                first = self._head(number)
            elif line.startswith("}") and first is not None:
                name = NAME.search(one_line(" ".join(self.lines[first:number])))
                if name:
                    found.append((name.group(1), first, number))
                first = None
        return found

    def _head(self, brace):
        """The first line of the definition with this brace."""
        first = brace
        while first and re.match(r"\w|\s+\S", self.lines[first - 1]) and \
                not self.lines[first - 1].rstrip().endswith((";", ":")):
            first -= 1
        return first

    def function(self, name):
        """The lines of a function, or None; an empty version by #if is skipped."""
        found = [self.lines[first:last + 1] for its, first, last in self.functions
                 if its == name]
        return max(found, key=len, default=None)

    def is_static(self, name):
        lines = self.function(name)
        return bool(lines) and "static" in " ".join(lines).split("{")[0].split()

    def function_at(self, number):
        return next((name for name, first, last in self.functions
                     if first <= number <= last), None)

    def structure(self, name):
        """The lines of a structure, or None."""
        start = re.compile(rf"struct {name} \{{")
        for first, line in enumerate(self.lines):
            if start.match(line):
                last = next(number for number in range(first, len(self.lines))
                            if self.lines[number].startswith("}"))
                return self.lines[first:last + 1]
        return None

    def declarations(self, name):
        """The declarations that contain a name, to their ends."""
        word, found, number = re.compile(rf"\b{name}\b"), [], 0
        while number < len(self.lines):
            if word.search(self.lines[number]):
                while number < len(self.lines) and self.lines[number].strip():
                    found.append(self.lines[number])
                    if re.search(r"[;,}]\s*$", self.lines[number]) and \
                            not self.lines[number].startswith("TRACE_EVENT"):
                        break
                    number += 1
            number += 1
        return found or None


class Tree:
    """The sources of one kernel."""

    def __init__(self, top):
        self.top = pathlib.Path(top)
        self._files = {}
        try:
            makefile = (self.top / "Makefile").read_text(encoding="utf-8")
            self.version = ".".join(
                re.search(rf"^{word} = *(\d+)", makefile, re.M).group(1)
                for word in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))
        except (OSError, AttributeError):
            raise SystemExit(f"{top}: no sources of a kernel") from None

    def has(self, row):
        """Whether a row of the list applies to this kernel.

        Since the last of some versions, or since another one in its own series.
        """
        def number(text):
            return [int(part) for part in text.split(".")]

        own = number(self.version)
        *stable, first = map(number, row.get("since", "0.0").split())
        return own < number(row.get("until", "999.0")) and (
            own >= first or any(own[:2] == other[:2] and own >= other
                                for other in stable))

    def file(self, path):
        if path not in self._files:
            try:
                text = (self.top / path).read_text(encoding="utf-8", errors="replace")
                self._files[path] = File(path, text)
            except OSError:
                self._files[path] = None
        return self._files[path]

    def function(self, path, name):
        file = self.file(path)
        return file.function(name) if file else None

    @functools.cache
    def grep(self, *patterns):
        """{pattern: [(file, line number)]} of all files that name xfrm."""
        search = {pattern: re.compile(pattern) for pattern in patterns}
        found = {pattern: [] for pattern in patterns}
        for folder in FOLDERS:
            for path in sorted((self.top / folder).rglob("*.[ch]")):
                text = path.read_text(encoding="utf-8", errors="replace")
                if "xfrm" not in text:
                    continue
                for pattern, matcher in search.items():
                    if matcher.search(text):
                        name = str(path.relative_to(self.top))
                        file = self._files.setdefault(name, File(name, text))
                        found[pattern] += [
                            (file, number) for number, line in enumerate(file.lines)
                            if matcher.search(line)]
        return found

    def places(self, hits):
        """{(path, function, MIB line, occurrence): line number}"""
        found = {}
        for file, number in hits:
            text = file.lines[number]
            if text.startswith("#define"):
                continue
            line = LINE.search(" ".join(file.lines[number:number + 3]))
            where = (f"{file.path} {file.function_at(number)}",
                     line.group(1) if line else one_line(text))
            nth = 1 + sum(key[0] == where[0] and key[1].rsplit(" ", 1)[0] == where[1]
                          for key in found)
            found[where[0], f"{where[1]} {nth}"] = number + 1
        return found

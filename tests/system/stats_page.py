# SPDX-License-Identifier: MIT
"""Checks a page of `mezzo stats --html`: well-formed, self-contained, accessible, nothing unescaped.

	stats_page.py FILE TEXT...	TEXTs must be in it, as text
"""
import html.parser
import re
import sys

VOID = {"meta", "rect", "br", "link", "img", "input"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags, self.faults = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset") or name.startswith("on"):
                self.faults.append(f"{tag} has {name}")

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.text.append(data)


source = open(sys.argv[1], encoding="utf-8", errors="strict").read()
page = Page()
page.feed(source)
page.close()
text = "".join(page.text)
names = [tag for tag, _ in page.tags]
faults = page.faults + [f"{tag} is not closed" for tag in page.open]
for tag in ("script", "b", "img", "link", "iframe"):
    if tag in names:
        faults.append(f"there is a {tag}")
if re.search(r"https?:|url\(|@import", source):
    faults.append("it names something outside")
for wanted in ("prefers-color-scheme:dark", "width=device-width", '<html lang="en">', "<title>Mezzo"):
    if wanted not in source:
        faults.append(f"no {wanted}")
pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
if not pictures or any(p.get("role") != "img" for p in pictures):
    faults.append("a picture without its role")
if names.count("title") != len(pictures) + 1 or re.search("<title></title>", source):
    faults.append("a picture without a title")
widths = [float(a["width"]) for t, a in page.tags if t == "rect"]
if not any(widths) or min(widths) < 0 or max(widths) > 1000:
    faults.append("bars that do not fit")
faults += [f"not in the text: {wanted}" for wanted in sys.argv[2:] if wanted not in text]
print("\n".join(faults))
sys.exit(bool(faults))

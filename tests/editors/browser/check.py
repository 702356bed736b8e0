"""Judges the page as the browser left it: check.py DOM REPORT.json PAGE BROWSER-LOG."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

dom, report, page, log = (Path(p).read_text(encoding="utf-8") for p in sys.argv[1:5])
report = json.loads(report)


class Tree(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.title, self.at, self.handlers, self.links = {}, [], "", [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.at.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")]

    def handle_data(self, data):
        if self.at and self.at[-1] == "title":
            self.title += data
        if self.at and self.at[-1] not in ("script", "style"):
            self.text.append(data)


tree = Tree()
tree.feed(dom)
text = "".join(tree.text)
wrong = []


def check(what, holds):
    if not holds:
        wrong.append(what)


total = report["summary"]["findings"]
check(f"there are over 5,000 findings: {total}", total > 5000)
check(f"the title is the report's own: {tree.title!r}", tree.title.strip() == "Sidenote: shop")
check("nothing that was found became an element", not any(t in tree.tags for t in ("img", "iframe", "object", "form")))
check(f"there are but the page's two scripts: {tree.tags.get('script')}", tree.tags.get("script") == 2)
check(f"no handlers in attributes: {tree.handlers}", not tree.handlers)
check(f"nothing is loaded: {tree.links}", not tree.links)
check("the health is shown", f"{report['summary']['score']:.1f}" in text)
check("the findings are counted", f"50 of {total:,}" in text)
check("the map has cells", dom.count('class="cell ') >= 2)
check("hostile names are shown as they are", "onerror=document.title" in text)
check("the flow's rule is listed", "command-injection" in text)
check("rows are few at first", dom.count('<article class="item') == 50)
check("each rule has a row", all(rule in text for rule in report["summary"]["by_rule"]))
check("each owner has a row", all(owner in text for owner in report["summary"]["by_owner"]))
change = report["summary"]["trend"]["change"]
sign = "+" if change > 0 else "\u2212" if change < 0 else "\u00b1"
check("the trend is shown", f"{sign}{abs(change):.1f} since 1.5" in text)
check("the policy forbids everything else", "default-src 'none'" in page)
check("no foreign address", not re.search(r"(?:src|href)=.https?:", page))
check(f"the browser complains of nothing: {log}", not re.search(r"Uncaught|Refused to|Content Security Policy", log))
if wrong:
    sys.exit("the report fails:\n- " + "\n- ".join(wrong))
print(f"{total} findings, {len(dom)} bytes of DOM")

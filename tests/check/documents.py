"""Links that lead nowhere: in Markdown to files of the project, in manual pages to pages of the project."""

import re

import project

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PAGE = re.compile(r"^\.Xr (vpcwall\S*) (\d)")


def findings(root):
    found = []
    for path in project.files(root, suffixes=(".md",)):
        for number, line in project.text_lines(path):
            for target in LINK.findall(line):
                file = target.split("#")[0]
                if file and "://" not in target and not target.startswith("mailto:") and not (path.parent / file).exists():
                    found.append(f"{path.relative_to(root)}:{number}: nothing at {target}")
    for path in project.files(root, "docs/man"):
        for number, line in project.text_lines(path):
            reference = PAGE.match(line)
            if reference and not (path.parent / ".".join(reference.groups())).exists():
                found.append(f"{path.relative_to(root)}:{number}: no page {'.'.join(reference.groups())}")
    return found


if __name__ == "__main__":
    project.main(findings)

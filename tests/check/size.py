"""One noun per file: no source above 450 lines, and every folder of code explains itself in at most 20 lines."""

import project

MAX_SOURCE_LINES = 450
MAX_README_LINES = 20


def findings(root):
    found = []
    for path in project.files(root, *project.CODE, suffixes=project.SOURCE_SUFFIXES):
        count = len(project.text_lines(path))
        if count > MAX_SOURCE_LINES:
            found.append(f"{path.relative_to(root)}:{count}: {count} lines, at most {MAX_SOURCE_LINES}")
    folders = [root / "daemon", root / "cli", *(path for path in sorted((root / "lib").iterdir()) if path.is_dir())]
    for folder in folders:
        readme = folder / "README.md"
        if not readme.exists():
            found.append(f"{folder.relative_to(root)}: has no README.md")
        elif len(project.text_lines(readme)) > MAX_README_LINES:
            found.append(f"{readme.relative_to(root)}: more than {MAX_README_LINES} lines")
    return found


if __name__ == "__main__":
    project.main(findings)

"""The layer rule: who may include whom, and which CMake target may link which.

    base <- {text <- audit | net} <- {policy | flow <- fast_path} <- engine <- {{lint | record | replay} <- scenario | {replay | explain} <- reach | observe <- {runtime | control} | state} <- {cli | daemon}
            net <- capture <- replay
            text <- policy, audit <- {cli | daemon}

Folders between braces are strangers to each other.
"""

import re

import project

BELOW = {
    "base": set(),
    "text": {"base"},
    "audit": {"base", "text"},
    "net": {"base"},
    "capture": {"base", "net"},
    "policy": {"base", "text", "net"},
    "flow": {"base", "net"},
    "fast_path": {"base", "net", "flow"},
    "engine": {"base", "text", "net", "policy", "flow", "fast_path"},
    "lint": {"base", "text", "net", "policy", "flow", "fast_path", "engine"},
    "explain": {"base", "text", "net", "policy", "flow", "fast_path", "engine"},
    "record": {"base", "text", "net", "policy", "flow", "fast_path", "engine"},
    "replay": {"base", "text", "net", "capture", "policy", "flow", "fast_path", "engine"},
    "reach": {"base", "text", "net", "capture", "policy", "flow", "fast_path", "engine", "replay", "explain"},
    "scenario": {"base", "text", "net", "capture", "policy", "flow", "fast_path", "engine", "lint", "record", "replay"},
    "state": {"base", "text", "net", "policy", "flow", "fast_path", "engine"},
    "observe": {"base", "text", "net", "policy", "flow", "fast_path", "engine"},
    "runtime": {"base", "text", "net", "policy", "flow", "fast_path", "engine", "observe"},
    "control": {"base", "text", "net", "policy", "flow", "fast_path", "engine", "observe"},
}
SHELL = ("daemon", "cli")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
LINK = re.compile(r"target_link_libraries\s*\(\s*(\w+)([^)]*)\)")


def layer_of(path, root):
    """The layer that a file belongs to: a folder of lib/, "daemon" or "cli"."""
    inside = path.relative_to(root).parts
    return inside[1] if inside[0] == "lib" else inside[0]


def allowed(layer):
    return set(BELOW) | {layer} if layer in SHELL else BELOW.get(layer, set()) | {layer}


def include_findings(path, root):
    layer = layer_of(path, root)
    where = path.relative_to(root)
    for number, line in project.text_lines(path):
        include = INCLUDE.match(line)
        if not include:
            continue
        quote, name = include.groups()
        target = name.split("/")[0]
        ours = target in BELOW or target in SHELL
        if quote == "<":
            if ours and ((root / "lib" / name).exists() or (root / name).exists()):
                yield f'{where}:{number}: <{name}> is a header of the project: include it as "{name}"'
        elif not ours:
            yield f'{where}:{number}: "{name}" does not start with a folder of the project'
        elif target not in allowed(layer):
            yield f'{where}:{number}: {layer} must not include "{name}": {target} is no layer below it'
        elif not ((root if target in SHELL else root / "lib") / name).exists():
            yield f'{where}:{number}: "{name}" does not exist'


def link_findings(path, root):
    layers = {f"vpcwall_{name}": name for name in BELOW}
    text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
    for link in LINK.finditer(text):
        target, arguments = link.groups()
        layer = layers.get(target)
        number = text.count("\n", 0, link.start()) + 1
        for used in re.findall(r"\bvpcwall_\w+", arguments):
            if layer and layers.get(used) not in allowed(layer):
                yield f"{path.relative_to(root)}:{number}: {target} must not link {used}"


def findings(root):
    found = []
    for folder in sorted((root / "lib").iterdir()):
        if folder.is_dir() and folder.name not in BELOW:
            found.append(f"lib/{folder.name}: a folder that the layer rule does not know")
    for path in project.files(root, *project.CODE, suffixes=project.SOURCE_SUFFIXES):
        found += include_findings(path, root)
    for path in project.files(root, "lib"):
        if path.name == "CMakeLists.txt":
            found += link_findings(path, root)
    return found


if __name__ == "__main__":
    project.main(findings)

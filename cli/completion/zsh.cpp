#include <algorithm>

#include "cli/completion/scripts.h"

namespace vpcwall {
namespace {

// Inside single quotes, and inside the brackets and between the colons of a specification.
std::string specified(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\'') {
      safe += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string action(const Taken& taken) {
  switch (taken.kind) {
    case Taken::Kind::nothing: return "";
    case Taken::Kind::text: return " ";
    case Taken::Kind::word: return "(" + joined(taken.words) + ")";
    case Taken::Kind::file: return "_files";
  }
  return "";
}

std::string function_of(const std::string& command, const OfferedVerb& verb) {
  std::string name = "_" + command;
  for (const std::string& word : verb.path) name += "_" + word;
  return name;
}

std::string option_line(const OfferedOption& option) {
  std::string lines;
  for (const std::string& name : option.names) {
    lines += "    '";
    lines += option.again ? "*" : option.names.size() > 1 ? "(" + joined(option.names) + ")" : "";
    lines += name;
    // After a long name `=` may stand for the space.
    if (option.takes.kind != Taken::Kind::nothing && name.starts_with("--")) lines += "=";
    lines += "[" + specified(option.description) + "]";
    if (option.takes.kind != Taken::Kind::nothing) lines += ":value:" + action(option.takes);
    lines += "' \\\n";
  }
  return lines;
}

std::string function_text(const std::string& command, const CommandLine& line, const OfferedVerb& verb) {
  const std::string name = function_of(command, verb);
  std::string text = name + "() {\n";
  if (!verb.verbs.empty()) text += "  local state line\n";
  text += std::string("  _arguments ") + (verb.verbs.empty() ? "-S" : "-C") + " \\\n";
  for (const OfferedOption& option : verb.options) text += option_line(option);
  for (const OfferedPositional& positional : verb.positionals)
    text += "    '" + std::string(positional.again ? "*" : "") + ":" + specified(positional.name) + ":" +
            action(positional.takes) + "' \\\n";
  if (verb.verbs.empty()) {
    text.erase(text.size() - 3);
    return text + "\n}\n\n";
  }
  text += "    '1:verb:->verb' '*::rest:->rest'\n  case $state in\n    verb)\n      local -a verbs=(\n";
  std::string cases;
  for (const OfferedVerb& below : line) {
    if (below.path.size() != verb.path.size() + 1 ||
        !std::equal(verb.path.begin(), verb.path.end(), below.path.begin()))
      continue;
    text += "        '" + specified(below.path.back()) + ":" + specified(below.description) + "'\n";
    cases += "        " + below.path.back() + ") " + function_of(command, below) + " ;;\n";
  }
  return text + "      )\n      _describe verb verbs\n      ;;\n    rest)\n      case $line[1] in\n" + cases +
         "      esac\n      ;;\n  esac\n}\n\n";
}

}  // namespace

std::string zsh_completion(const std::string& command, const CommandLine& line) {
  std::string script = "#compdef " + command + "\n# zsh completion of " + command + ", printed by `" +
                       command + " completion zsh`\n\n";
  for (const OfferedVerb& verb : line) script += function_text(command, line, verb);
  // Loaded by itself the first time, and called; or read by `source`, and registered.
  return script + "if [ \"$funcstack[1]\" = _" + command + " ]; then\n  _" + command +
         " \"$@\"\nelse\n  compdef _" + command + " " + command + "\nfi\n";
}

}  // namespace vpcwall

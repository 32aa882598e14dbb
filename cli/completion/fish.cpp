#include <algorithm>

#include "cli/completion/scripts.h"

namespace vpcwall {
namespace {

constexpr const char* quote_or_backslash = "'\\";

std::string in_quotes(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) {
    if (std::string(quote_or_backslash).find(c) != std::string::npos) safe += '\\';
    safe += c;
  }
  return safe + "'";
}

std::string taking(const Taken& taken) {
  switch (taken.kind) {
    case Taken::Kind::nothing: return "";
    case Taken::Kind::text: return " -x";
    case Taken::Kind::word: return " -x -a " + in_quotes(joined(taken.words));
    case Taken::Kind::file: return " -r -F";
  }
  return "";
}

}  // namespace

std::string fish_completion(const std::string& command, const CommandLine& line) {
  std::string known;
  std::string offers;
  for (const OfferedVerb& verb : line) {
    if (!verb.path.empty()) known += " " + in_quotes(joined(verb.path));
    const std::string here =
        "complete -c " + command + " -n '__" + command + "_at \"" + joined(verb.path) + "\"'";
    for (const OfferedOption& option : verb.options) {
      offers += here;
      for (const std::string& name : option.names)
        offers += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      offers += " -d " + in_quotes(option.description) + taking(option.takes) + "\n";
    }
    for (const OfferedPositional& positional : verb.positionals) {
      if (positional.takes.kind == Taken::Kind::word)
        offers += here + " -a " + in_quotes(joined(positional.takes.words)) + "\n";
      if (positional.takes.kind == Taken::Kind::file) offers += here + " -F\n";
    }
    for (const OfferedVerb& below : line)
      if (below.path.size() == verb.path.size() + 1 &&
          std::equal(verb.path.begin(), verb.path.end(), below.path.begin()))
        offers += here + " -a " + below.path.back() + " -d " + in_quotes(below.description) + "\n";
  }
  return "# fish completion of " + command + ", printed by `" + command + " completion fish`\n\nfunction __" +
         command +
         "_at # whether the words so far choose this verb\n"
         "    set -l verb ''\n"
         "    for word in (commandline -opc)[2..]\n"
         "        string match -q -- '-*' $word; and continue\n"
         "        set -l further (string trim \"$verb $word\")\n"
         "        contains -- $further" +
         known +
         "; or break\n"
         "        set verb $further\n"
         "    end\n"
         "    test \"$verb\" = \"$argv[1]\"\n"
         "end\n\n"
         "complete -c " +
         command + " -f\n" + offers;
}

}  // namespace vpcwall

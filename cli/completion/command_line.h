// CommandLine: what a command line of `vpcwall` may hold, verb by verb, read off the option parser itself, so
// that completions cannot speak of anything else than the parser does.
//
// What an option or a positional takes is known from its type in the help: words from `{a,b}`, a file from
// `FILE`. A value; never throws; any thread that may use the App.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace vpcwall {

struct Taken {
  enum class Kind : std::uint8_t {
    nothing,  // a flag
    text,     // nothing that a shell could know
    word,     // one of `words`
    file,     // a path
  };
  Kind kind = Kind::nothing;
  std::vector<std::string> words;
};

struct OfferedOption {
  std::vector<std::string> names;  // with their dashes: -f, --follow
  std::string description;
  Taken takes;
  bool again = false;  // may be given more than once
};

struct OfferedPositional {
  std::string name;
  Taken takes;
  bool again = false;  // the last one, and any number of it
};

struct OfferedVerb {
  std::vector<std::string> path;  // {}: the command itself; {"lab", "up"}
  std::string description;
  std::vector<OfferedOption> options;
  std::vector<OfferedPositional> positionals;
  std::vector<std::string> verbs;  // that may follow
};

using CommandLine = std::vector<OfferedVerb>;  // a verb stands before those below it

[[nodiscard]] CommandLine command_line_of(const CLI::App& app);

// "lab up", or "" for the command itself.
[[nodiscard]] std::string joined(const std::vector<std::string>& words, char between = ' ');

}  // namespace vpcwall

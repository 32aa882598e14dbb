// Completion scripts of the three shells for one command: text to be stored where the shell looks for it.
// Names and words of the parser are plain words; descriptions may hold anything and are quoted. Pure; any
// thread.
#pragma once

#include <string>

#include "cli/completion/command_line.h"

namespace vpcwall {

[[nodiscard]] std::string bash_completion(const std::string& command, const CommandLine& line);
[[nodiscard]] std::string zsh_completion(const std::string& command, const CommandLine& line);
[[nodiscard]] std::string fish_completion(const std::string& command, const CommandLine& line);

}  // namespace vpcwall

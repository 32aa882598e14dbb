// Runs one program of the system to its end: no shell, an argument vector, a fixed environment.
//
// The program is looked up in the system's own directories, not in the caller's PATH. Throws
// std::system_error when it cannot be started (ENOENT: not installed).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vpcwall {

struct ProgramResult {
  int status = 0;  // exit status; 128 + signal when a signal ended it
  std::string output;
  std::string errors;
};

[[nodiscard]] ProgramResult run_program(const std::vector<std::string>& arguments,
                                        std::string_view input = {});

}  // namespace vpcwall

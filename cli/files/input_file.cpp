#include "cli/files/input_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

std::optional<std::string> read_all(std::istream& input) {
  std::string text;
  std::vector<char> block(65536);
  while (input.read(block.data(), static_cast<std::streamsize>(block.size())) || input.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(input.gcount()));
    if (text.size() > max_policy_bytes) break;  // the loader says so
  }
  if (input.bad()) return std::nullopt;
  return text;
}

}  // namespace

Expected<std::string, Diagnostic> read_input_file(const std::string& path) {
  std::optional<std::string> text;
  std::string problem;
  std::error_code ignored;
  if (path == "-") {
    text = read_all(std::cin);
  } else if (std::filesystem::is_directory(path, ignored)) {
    problem = "is a directory, expected a file";
  } else {
    std::ifstream file(path, std::ios::binary);
    if (file) text = read_all(file);
    if (!text) problem = std::string("cannot be read: ") + std::strerror(errno);
  }
  if (text) return std::move(*text);
  Diagnostic unreadable;
  unreadable.file = path;
  unreadable.message = problem.empty() ? "cannot be read" : problem;
  return Unexpected{std::move(unreadable)};
}

}  // namespace vpcwall

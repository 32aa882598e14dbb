#include "cli/files/audit_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

namespace vpcwall {
namespace {

namespace fs = std::filesystem;

constexpr int most_attempts = 5;

[[noreturn]] void fail(const fs::path& path) {
  throw std::system_error(errno, std::generic_category(), "reading " + path.string());
}

std::optional<std::string> content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    fail(path);
  }
  std::stringstream text;
  text << file.rdbuf();
  if (file.bad()) fail(path);
  return text.str();
}

// The number at the end of NAME.NUMBER; 0 for NAME itself; nothing for other files.
std::optional<unsigned> generation_of(const std::string& file, const std::string& name) {
  if (file == name) return 0;
  if (!file.starts_with(name + '.')) return std::nullopt;
  const std::string digits = file.substr(name.size() + 1);
  const bool is_number =
      !digits.empty() && digits.size() < 6 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? std::optional(static_cast<unsigned>(std::stoul(digits))) : std::nullopt;
}

// Oldest first.
std::vector<fs::path> generations(const fs::path& directory, const std::string& name) {
  std::vector<std::pair<unsigned, fs::path>> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    if (const auto number = generation_of(entry.path().filename().string(), name))
      found.emplace_back(*number, entry.path());
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

ChainReport verify(const fs::path& directory, const std::string& name, std::optional<ChainHead> head) {
  ChainVerification check(std::move(head));
  bool cut = false;
  for (const fs::path& path : generations(directory, name)) {
    const auto text = content_of(path);
    if (!text) continue;  // put aside just now: the head is another one by now, and all is read again
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      cut = lines.eof();
      if (!cut) check.line(line);
    }
  }
  return check.finish(cut);
}

}  // namespace

VerifiedAudit verify_audit(const std::string& directory, const std::optional<ChainHead>& told) {
  const fs::path folder(directory);
  if (std::error_code error; !fs::is_directory(folder, error))
    throw std::runtime_error(directory + ": no directory that can be read" +
                             (error ? ": " + error.message() : ""));
  VerifiedAudit found;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    const auto before = content_of(folder / "audit.head");
    std::optional<ChainHead> head = before ? head_of(*before) : std::nullopt;
    found.has_head = head.has_value();
    // The daemon knows where its log ends, whatever the file says.
    if (told && (!head || head->entry <= told->entry)) head = told;
    found.changes = verify(folder, "audit.log", head);
    found.refused = verify(folder, "audit-refused.log", std::nullopt);
    if (content_of(folder / "audit.head") == before) break;
  }
  return found;
}

}  // namespace vpcwall

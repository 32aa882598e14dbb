#include "daemon/change/audit_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "audit/entry.h"
#include "audit/sha256.h"
#include "daemon/change/durable_file.h"
#include "daemon/file_descriptor.h"
#include "daemon/text_file.h"

namespace vpcwall {
namespace {

constexpr std::size_t most_head_bytes = 4096;
constexpr std::size_t most_old_line_bytes = std::size_t{1} << 20U;  // entries had no bound before the chain

[[noreturn]] void fail(const std::string& path) {
  throw std::system_error(errno, std::generic_category(), path);
}

FileDescriptor open_existing(const std::string& path, int flags) {
  return FileDescriptor(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
}

std::string read_part(const FileDescriptor& file, off_t begin, std::size_t size, const std::string& path) {
  std::string text(size, '\0');
  const ssize_t got = ::pread(file.get(), text.data(), size, begin);
  if (got < 0) fail(path);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

struct FileEnd {
  std::string last_line;  // the last one that is whole, without its end
  off_t unfinished = 0;   // bytes after it
};

// Nothing when there is no such file, or nothing in it.
std::optional<FileEnd> end_of(const std::string& path) {
  const FileDescriptor file = open_existing(path, O_RDONLY);
  if (!file) return std::nullopt;
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(path);
  if (facts.st_size == 0) return std::nullopt;
  const auto size = std::min(static_cast<std::size_t>(facts.st_size), most_old_line_bytes);
  std::string text = read_part(file, facts.st_size - static_cast<off_t>(size), size, path);
  const auto end = text.rfind('\n');
  if (end == std::string::npos) return FileEnd{{}, facts.st_size};
  const auto unfinished = static_cast<off_t>(text.size() - end - 1);
  text.resize(end);
  const auto begin = text.rfind('\n');
  return FileEnd{begin == std::string::npos ? std::move(text) : text.substr(begin + 1), unfinished};
}

std::optional<std::uint64_t> first_entry_of(const std::string& path) {
  const FileDescriptor file = open_existing(path, O_RDONLY);
  if (!file) return std::nullopt;
  const std::string text = read_part(file, 0, max_entry_bytes, path);
  const auto link = link_of(std::string_view(text).substr(0, text.find('\n')));
  return link ? std::optional(link->entry) : std::nullopt;
}

void cut(const std::string& path, off_t bytes) {
  const FileDescriptor file = open_existing(path, O_WRONLY);
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0 || ::ftruncate(file.get(), facts.st_size - bytes) != 0)
    fail(path);
}

}  // namespace

AuditFile::AuditFile(AuditFileSettings settings) : settings_(std::move(settings)) {
  std::optional<ChainHead> kept;
  if (!settings_.head.empty())
    if (const auto text = read_text_file(settings_.head, most_head_bytes)) kept = head_of(*text);
  if (kept) head_ = *kept;
  auto end = end_of(settings_.path);
  if (end && end->unfinished != 0) {
    cut(settings_.path, end->unfinished);
    warning_ = settings_.path + ": the last line was never finished; it has been cut off";
  }
  if (!end || end->last_line.empty()) end = end_of(generation(1));
  if (end && !end->last_line.empty()) {
    go_on(end->last_line);
  } else if (kept && kept->entry != 0) {
    warning_ = settings_.path + " is gone, and with it entries up to " + std::to_string(kept->entry) +
               "; see `vpcwall history --verify`";
  }
}

// What the head was kept for decides; without one, the last line does.
void AuditFile::go_on(const std::string& last_line) {
  const auto link = link_of(last_line);
  const std::string digest = sha256_of(last_line);
  const bool has_head = head_.entry != 0;
  if (!link) {
    if (!has_head) {
      head_.digest = digest;  // of a time before the chain
      return;
    }
  } else if (!has_head || (link->entry == head_.entry + 1 && link->previous == head_.digest)) {
    head_.entry = link->entry;
    head_.digest = digest;
    if (!has_head) head_.first = 1;
    return;
  } else if (link->entry == head_.entry && digest == head_.digest) {
    return;
  }
  warning_ = settings_.path + " does not end with entry " + std::to_string(head_.entry) +
             ", as it did; see `vpcwall history --verify`";
}

std::string AuditFile::generation(unsigned number) const {
  return number == 0 ? settings_.path : settings_.path + '.' + std::to_string(number);
}

void AuditFile::append(const nlohmann::ordered_json& content) {
  ChainHead next = head_;
  const std::string line = vpcwall::append(next, content);
  const off_t before = write(line);
  try {
    keep_head(next);
  } catch (...) {  // line and head go together
    cut(settings_.path, static_cast<off_t>(line.size()));
    throw;
  }
  head_ = std::move(next);
  if (static_cast<std::size_t>(before) + line.size() > settings_.most_bytes) rotate();
}

// One write for the line, so that a full disk leaves no half of it before the next one; and what was left of
// one is cut off.
off_t AuditFile::write(const std::string& line) const {
  const FileDescriptor file(
      ::open(settings_.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!file) fail(settings_.path);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(settings_.path);
  const ssize_t written = ::write(file.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    const int error = written < 0 ? errno : ENOSPC;
    if (written > 0 && ::ftruncate(file.get(), facts.st_size) != 0) fail(settings_.path);
    errno = error;
    fail(settings_.path);
  }
  return facts.st_size;
}

// The head goes first: after a kill in between, files are left that it does not ask for, and none is missing.
void AuditFile::rotate() {
  for (unsigned number = settings_.generations; number-- > 0;)
    if (const auto first = first_entry_of(generation(number))) {
      head_.first = *first;
      keep_head(head_);
      break;
    }
  for (unsigned number = settings_.generations; number > 0; --number)
    if (std::rename(generation(number - 1).c_str(), generation(number).c_str()) != 0 && errno != ENOENT)
      fail(generation(number));
}

void AuditFile::keep_head(const ChainHead& head) const {
  if (!settings_.head.empty()) replace_file(settings_.head, to_text(head));
}

}  // namespace vpcwall

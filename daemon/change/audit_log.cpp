#include "daemon/change/audit_log.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>

#include "daemon/file_descriptor.h"

namespace vpcwall {
namespace {

std::string utc_now() {
  const std::time_t seconds = std::time(nullptr);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

[[noreturn]] void fail(const std::string& path) {
  throw std::system_error(errno, std::generic_category(), path);
}

}  // namespace

void AuditLog::note(const Asker& asker, const nlohmann::ordered_json& what) {
  if (path_.empty()) return;
  nlohmann::ordered_json line{{"time", utc_now()},
                              {"by", asker.by},
                              {"user", user_name(asker.user)},
                              {"uid", asker.user},
                              {"process", asker.process}};
  line.update(what);
  try {
    append(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
  } catch (const std::system_error& error) {
    spdlog::error("a change is missing from the audit log: {}", error.what());
  }
}

// One write for the line, so that a full disk leaves no half of it before the next one; and what was left of
// one is cut off.
void AuditLog::append(const std::string& line) const {
  const FileDescriptor file(
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (file.get() < 0) fail(path_);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(path_);
  const ssize_t written = ::write(file.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    const int error = written < 0 ? errno : ENOSPC;
    if (written > 0 && ::ftruncate(file.get(), facts.st_size) != 0) fail(path_);
    errno = error;
    fail(path_);
  }
  if (static_cast<std::size_t>(facts.st_size) + line.size() > most_bytes &&
      std::rename(path_.c_str(), (path_ + ".1").c_str()) != 0)
    fail(path_ + ".1");
}

}  // namespace vpcwall

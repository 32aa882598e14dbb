#include "daemon/change/durable_file.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace vpcwall {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::system_error(errno, std::generic_category(), path + ": " + what);
}

std::string resolved(const std::string& path) {
  std::error_code error;
  const std::filesystem::path found = std::filesystem::canonical(path, error);
  return error ? path : found.string();
}

void write_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t size = ::write(descriptor, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(path, "cannot be written");
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

FileDescriptor open_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  FileDescriptor opened(
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0) fail(directory, "cannot be read, so no change in it can be made to last");
  return opened;
}

}  // namespace

DurableFile::DurableFile(const std::string& path) : path_(resolved(path)) {}

DurableFile::~DurableFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void DurableFile::write(std::initializer_list<std::string_view> parts) {
  struct stat before {};
  const bool exists = ::stat(path_.c_str(), &before) == 0;
  if (exists && !S_ISREG(before.st_mode)) {
    errno = EEXIST;
    fail(path_, "is not a regular file");
  }
  directory_ = open_directory_of(path_);
  const std::string name = path_ + ".new";
  ::unlink(name.c_str());  // of a process that was killed
  const FileDescriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    const bool forbidden = errno == EACCES || errno == EROFS;
    fail(path_, forbidden ? "cannot be replaced: the daemon's user may not write into its directory"
                          : "cannot be replaced: no new file beside it");
  }
  temporary_ = name;
  for (const std::string_view part : parts) write_all(file.get(), part, path_);
  // Who may not give a file away leaves it to itself.
  if (exists && ::fchown(file.get(), before.st_uid, before.st_gid) != 0 && errno != EPERM)
    fail(path_, "cannot get its owner back");
  if (::fchmod(file.get(), exists ? before.st_mode & 07777 : 0640) != 0) fail(path_, "cannot get its mode");
  if (::fsync(file.get()) != 0) fail(path_, "cannot be written");
}

void DurableFile::commit() {
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "cannot be replaced");
  temporary_.clear();
  if (::fsync(directory_.get()) != 0)
    spdlog::error("{}: replaced, but a power failure might undo that: {}", path_, std::strerror(errno));
}

void replace_file(const std::string& path, std::string_view text) {
  DurableFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace vpcwall

#include "cli/files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace vpcwall {
namespace {

constexpr std::size_t block_size = std::size_t{1} << 18U;

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::system_error(errno, std::generic_category(), path + ": " + what);
}

// That of the file which is replaced, or what open() would have given a new one.
::mode_t mode_of(const std::filesystem::path& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status.st_mode & 07777U;
  const ::mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666U & ~mask;
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(path) {
  std::error_code ignored;
  if (std::filesystem::is_symlink(path_, ignored)) path_ = std::filesystem::weakly_canonical(path_);
  const auto status = std::filesystem::status(path_, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw std::system_error(EINVAL, std::generic_category(), path + ": cannot be written: no regular file");
  beside_ = path_.string() + ".XXXXXX";
  descriptor_ = OwnedDescriptor(::mkostemp(beside_.data(), O_CLOEXEC));
  if (!descriptor_) {
    beside_.clear();
    fail(path, "cannot be written");
  }
  if (::fchmod(descriptor_.get(), mode_of(path_)) != 0) {
    ::unlink(beside_.c_str());
    fail(path, "cannot be written");
  }
}

AtomicFile::~AtomicFile() {
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  if (waiting_.size() >= block_size) flush();
}

void AtomicFile::flush() {
  std::span<const std::byte> left(waiting_);
  while (!left.empty()) {
    const ::ssize_t written = ::write(descriptor_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_.string(), "cannot be written");
    left = left.subspan(static_cast<std::size_t>(written));
  }
  waiting_.clear();
}

void AtomicFile::commit() {
  flush();
  if (::fsync(descriptor_.get()) != 0) fail(path_.string(), "cannot be written");
  descriptor_.close();
  if (std::rename(beside_.c_str(), path_.c_str()) != 0) fail(path_.string(), "cannot be written");
  beside_.clear();
}

}  // namespace vpcwall

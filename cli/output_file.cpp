#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cli/owned_descriptor.h"

namespace vpcwall {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw std::system_error(errno, std::generic_category(), path + " cannot be written");
}

void write_all(int descriptor, const std::string& text, const std::string& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(descriptor, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path);
    done += static_cast<std::size_t>(count);
  }
}

// The mode of the file that is replaced, or that of a new one.
mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0644U;
}

}  // namespace

void write_output_file(const std::string& path, const std::string& text) {
  std::error_code ignored;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(path, ignored);
  const std::string target = ignored ? path : resolved.string();
  std::string beside = target + ".XXXXXX";
  const OwnedDescriptor file(::mkostemp(beside.data(), O_CLOEXEC));
  if (file.get() < 0) fail(path);
  try {
    write_all(file.get(), text, path);
    if (::fchmod(file.get(), mode_of(target)) != 0 || ::fsync(file.get()) != 0) fail(path);
    if (std::rename(beside.c_str(), target.c_str()) != 0) fail(path);
  } catch (const std::system_error&) {
    ::unlink(beside.c_str());
    throw;
  }
}

}  // namespace vpcwall

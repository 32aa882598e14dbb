#include "daemon/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daemon/file_descriptor.h"

namespace vpcwall {
namespace {

Unexpected<FileProblem> problem(const std::string& path, const std::string& what) {
  return Unexpected{FileProblem{path + ": " + what}};
}

}  // namespace

Expected<std::string, FileProblem> read_text_file(const std::string& path, std::size_t most_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return problem(path, std::string("cannot be opened: ") + std::strerror(errno));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return problem(path, std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return problem(path, "is not a regular file");

  std::string text;
  for (;;) {
    char block[65536];
    const ssize_t size = ::read(file.get(), block, sizeof block);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return problem(path, std::string("cannot be read: ") + std::strerror(errno));
    if (size == 0) return text;
    text.append(block, static_cast<std::size_t>(size));
    if (text.size() > most_bytes)
      return problem(path, "is larger than " + std::to_string(most_bytes) + " bytes");
  }
}

}  // namespace vpcwall

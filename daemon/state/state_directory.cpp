#include "daemon/state/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "daemon/change/durable_file.h"

namespace vpcwall {

StateDirectory::StateDirectory(std::string path) : path_(std::move(path)) {
  const mode_t mask = ::umask(0077);
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  ::umask(mask);
  if (error) throw std::runtime_error("state directory " + path_ + ": " + error.message());
  lock_ = FileDescriptor(::open((path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_) throw std::system_error(errno, std::generic_category(), "state directory " + path_);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error("state directory " + path_ + ": another vpcwalld uses it");
}

std::uint32_t StateDirectory::queue_seed() const {
  const std::string path = path_ + "/queue-seed";
  std::uint32_t seed = 0;
  if (std::ifstream(path) >> seed) return seed;
  seed = std::random_device{}();
  replace_file(path, std::to_string(seed) + '\n');
  return seed;
}

}  // namespace vpcwall

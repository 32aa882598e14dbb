// A file that appears whole or not at all: written beside its place, and put there by commit(). What stood
// there before stays until then; without commit() nothing is left behind.
//
//   AtomicFile file(path);        // every failure is a std::system_error that names the path
//   file.write(bytes);
//   file.commit();
//
// A symbolic link is followed. What is no regular file is refused. A file that is replaced hands on its mode.
// One thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/owned_descriptor.h"

namespace vpcwall {

class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  void flush();

  std::filesystem::path path_;
  std::string beside_;  // empty: committed
  OwnedDescriptor descriptor_;
  std::vector<std::byte> waiting_;
};

}  // namespace vpcwall

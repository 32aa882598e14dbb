// A file that has its old content or the new one, whole, whatever happens in between: a full disk, a kill, a
// power failure.
//
//   DurableFile file("/etc/vpcwall/policy.yaml");
//   file.write(text);          // beside it, on the disk; here fails what can fail
//   …                          // whatever the content depends on
//   file.commit();             // now it is there
//
// Without commit() nothing has changed; once it has returned the new content is there. A symbolic link is
// followed; mode and, where that is allowed, owner of what is replaced are kept. What is written stands
// beside it as NAME.new until then, so a process that is killed leaves one such file at most, and its
// successor replaces it. Errors are std::system_error naming the file. One writer of a file at a time.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "daemon/file_descriptor.h"

namespace vpcwall {

class DurableFile {
 public:
  explicit DurableFile(const std::string& path);
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  void write(std::string_view text) { write({text}); }
  void write(std::initializer_list<std::string_view> parts);
  // Throws when the name cannot be changed; not when it is unknown whether that outlives a power failure,
  // which the log says.
  void commit();

 private:
  std::string path_, temporary_;  // temporary_ is empty while there is none
  FileDescriptor directory_;
};

// All at once.
void replace_file(const std::string& path, std::string_view text);

}  // namespace vpcwall

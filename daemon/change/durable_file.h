// A file that has its old content or the new one, whole, whatever happens in between: a full disk, a kill, a
// power failure.
//
//   DurableFile file("/etc/vpcwall/policy.yaml");
//   file.write(text);          // beside it, on the disk; here fails what can fail
//   …                          // whatever the content depends on
//   file.commit();             // now it is there
//
// Without commit() nothing has changed. A symbolic link is followed; mode and, where that is allowed, owner
// of what is replaced are kept. Errors are std::system_error naming the file. One thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace vpcwall {

class DurableFile {
 public:
  explicit DurableFile(const std::string& path);
  ~DurableFile();
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  void write(std::string_view text) { write({text}); }
  void write(std::initializer_list<std::string_view> parts);
  void commit();

 private:
  std::string path_, temporary_;  // temporary_ is empty while there is none
};

// All at once.
void replace_file(const std::string& path, std::string_view text);

}  // namespace vpcwall

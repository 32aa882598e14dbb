// A log on disk whose lines vouch for each other (audit/chain.h), in several files: `path` and, older and
// older, `path`.1, `path`.2, …
//
// A file that has grown beyond most_bytes is put aside, and the one beyond `generations` goes. With `head`
// the end of the chain is kept in a file of that name as well, written after each line, so that a cut at the
// end is found. The chain goes on where an earlier process left it; a line that was never finished is cut off
// first. Errors are std::system_error. One thread, one writer.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/chain.h"

namespace vpcwall {

struct AuditFileSettings {
  std::string path;
  std::string head;  // the path of its file, or none
  std::size_t most_bytes = std::size_t{16} << 20U;
  unsigned generations = 8;  // besides the one that is written
};

class AuditFile {
 public:
  // Finds the end of the chain. What is strange about it is in warning().
  explicit AuditFile(AuditFileSettings settings);

  void append(const nlohmann::ordered_json& content);

  [[nodiscard]] const ChainHead& head() const noexcept { return head_; }
  [[nodiscard]] const std::string& warning() const noexcept { return warning_; }

 private:
  [[nodiscard]] std::string generation(unsigned number) const;
  // Returns the size of the file before.
  [[nodiscard]] off_t write(const std::string& line) const;
  void rotate();
  void keep_head(const ChainHead& head) const;
  void go_on(const std::string& last_line);

  AuditFileSettings settings_;
  ChainHead head_;
  std::string warning_;
};

}  // namespace vpcwall

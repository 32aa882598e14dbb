// The policies that were in force, newest last, on disk: what can be gone back to.
//
//   PolicyHistory history("/var/lib/vpcwall", 20);
//   history.keep(text, "policy.yaml", "reload", asker);   // once it is in force
//   history.text(history.entries().back().number);
//
// A policy that waits to be confirmed is not in it, so its last one is always known to be good. The same text
// twice in a row is one entry. In the directory stand policies/NUMBER.yaml and history.json, each replaced
// whole; an index that cannot be read is put aside as history.json.damaged, and numbers go on after those of
// the files. A text whose digest is not the one noted is refused. Errors are std::runtime_error (also
// std::system_error) with a sentence for the operator. One thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/change/asker.h"

namespace vpcwall {

struct PastPolicy {
  std::uint64_t number = 0;
  std::time_t time = 0;  // seconds since 1970, UTC
  std::string how;       // "start", "reload", "apply", "rollback to 3"
  std::string by;        // of the asker
  std::string user;
  uid_t uid = 0;
  pid_t process = 0;
  std::string digest;
};

class PolicyHistory {
 public:
  PolicyHistory(std::filesystem::path directory, std::size_t most);

  [[nodiscard]] const std::vector<PastPolicy>& entries() const noexcept { return entries_; }
  // What was strange about the directory; empty if nothing was.
  [[nodiscard]] const std::string& warning() const noexcept { return warning_; }

  const PastPolicy& keep(std::string_view text, const std::string& how, const Asker& asker);
  [[nodiscard]] std::string text(std::uint64_t number) const;

 private:
  [[nodiscard]] std::string file_of(std::uint64_t number) const;
  void read_index();
  void write_index() const;

  std::filesystem::path directory_;
  std::size_t most_;
  std::vector<PastPolicy> entries_;
  std::uint64_t next_number_ = 1;
  std::string warning_;
};

}  // namespace vpcwall

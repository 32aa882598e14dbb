// The policies that were in force since a copy of the flows was made, as files: what the next process has to
// know before it trusts the copy (C-67).
//
//   PolicyChain chain(directory);
//   const std::uint64_t number = chain.append(text);    // on the disk, before the policy comes into force
//   chain.withdraw(number);                             // it was refused
//   chain.drop_before(number);                          // a later copy is on the disk
//   const auto texts = chain.read(from, last);          // of a process that has ended
//
// A number is never given twice in a directory. Each file names the one before it and carries a digest of its
// content, so a file that is missing or damaged is found; `last`, kept elsewhere, says where the chain ends.
// At most most_policies files of most_bytes in all. Errors of writing are std::exception. One thread at a
// time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"

namespace vpcwall {

class PolicyChain {
 public:
  static constexpr std::size_t most_policies = 64;
  static constexpr std::size_t most_bytes = std::size_t{64} << 20U;

  explicit PolicyChain(std::string directory);

  // Throws std::runtime_error where there would be too much.
  std::uint64_t append(std::string_view text);
  void withdraw(std::uint64_t number) noexcept;
  void drop_before(std::uint64_t number) noexcept;
  void clear() noexcept { drop_before(next_); }

  // Of the last one, or 0.
  [[nodiscard]] std::uint64_t last() const noexcept { return sizes_.empty() ? 0 : sizes_.rbegin()->first; }
  // What append() will give.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  // No number up to this one is given any more.
  void skip_to(std::uint64_t number) noexcept;

  // The texts from `from` on, which must be there unless it is next(), to the end, which must not come before
  // `last`. The error is a clause for the log.
  [[nodiscard]] Expected<std::vector<std::string>, std::string> read(std::uint64_t from,
                                                                     std::uint64_t last) const;

 private:
  [[nodiscard]] std::string path_of(std::uint64_t number) const;
  void remove(std::uint64_t number) noexcept;

  std::string directory_;
  std::map<std::uint64_t, std::size_t> sizes_;  // by number
  std::uint64_t next_ = 1;
};

}  // namespace vpcwall

// What a process leaves to the next one in case that it ends without notice: so that a copy of its flows,
// made some time before, brings nothing back that has ended since (C-67).
//
//   CrashJournal journal(state_directory, fast_directory);
//   const Aftermath found = journal.resume(id);       // of the copy that the process before left
//   journal.begin_anew(id);                           // instead, where nothing of it is used
//   const auto number = journal.comes(text);          // a policy, just before it comes into force
//   journal.came(number) or journal.withdrew(number)  // just after
//   const auto mark = journal.begin_copy();           // just before the flows are copied
//   journal.copied(mark);                             // once the copy is on the disk
//   journal.ended_cleanly(id);                        // with nothing left to happen after that copy
//
// Two things are kept: every policy that came into force, by PolicyChain; and, by EndedFlows, which flows
// ended, in two files that are mapped into memory, so that a flow's end costs its worker no system call and
// outlives the process. A file system in memory is the right place for them: then no worker waits for a disk,
// and they are gone after a power failure, as they must be, for what a disk holds of them then is not all.
// Elsewhere the boot that they are of must be this one. A copy that was made with nothing left to happen
// needs neither; the mark that says so is taken away before the copy is used.
//
// Whatever cannot be kept or read makes the journal incomplete: the log says so, policies come into force all
// the same, and the next process restores nothing. Any thread; calls wait for each other, and note() of
// ended() for none.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/state/policy_chain.h"
#include "flow/ended_flows.h"

namespace vpcwall {

struct JournalHeader;

// What the process before left.
struct Aftermath {
  bool clean = false;                 // it ended with notice, so that nothing happened since
  std::vector<std::string> policies;  // in force since the copy was made, its own included
  std::size_t set = 0;                // of EndedFlows
  std::string why_not;                // nothing may be restored; empty: what is left may be
};

// Of a copy: which set notes what has ended since it began, and its policy.
struct CopyMark {
  std::string id;  // of the copy, 32 hexadecimal digits, drawn at random
  std::uint64_t policy = 0;
  std::size_t set = 0;
};

class CrashJournal {
 public:
  // Takes the files up as the process before left them. Does not throw: see incomplete().
  CrashJournal(std::string state_directory, const std::string& fast_directory);
  ~CrashJournal();
  CrashJournal(const CrashJournal&) = delete;
  CrashJournal& operator=(const CrashJournal&) = delete;

  // `id` is that of the copy on the disk; empty: there is none, and what is left may be in the kernel.
  [[nodiscard]] Aftermath resume(const std::string& id);
  void begin_anew(const std::string& id);

  [[nodiscard]] std::uint64_t comes(std::string_view text);
  void came(std::uint64_t number);
  void withdrew(std::uint64_t number);

  [[nodiscard]] CopyMark begin_copy();
  void copied(const CopyMark& mark);
  void ended_cleanly(const std::string& id);

  // Where flows that end are noted; null when there is no memory for it.
  [[nodiscard]] const EndedFlows* ended() const noexcept { return ended_ ? &*ended_ : nullptr; }
  [[nodiscard]] static std::string new_id();

 private:
  [[nodiscard]] bool take_clean_mark(const std::string& id);
  [[nodiscard]] Aftermath what_is_left(const std::string& id);
  void head(std::size_t set, const std::string& id, std::uint64_t from);
  void lose_track(const std::string& why);

  std::mutex mutex_;
  std::string state_directory_;
  std::unique_ptr<PolicyChain> chain_;
  std::array<JournalHeader*, 2> headers_{};
  std::optional<EndedFlows> ended_;
  std::size_t set_ = 0;         // of the copy on the disk
  std::uint64_t in_force_ = 0;  // number of the policy in force; 0: it is not in the chain
  std::string last_text_;       // of the policy that came last, to begin a chain with
  std::string problem_;         // why nothing can be kept at all
};

}  // namespace vpcwall

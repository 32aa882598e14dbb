#include "daemon/state/crash_journal.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>

#include "daemon/change/digest.h"
#include "daemon/change/durable_file.h"
#include "daemon/file_descriptor.h"
#include "daemon/random_seed.h"
#include "daemon/state/state_file.h"
#include "daemon/text_file.h"

namespace vpcwall {

// The first page of a file; the set follows. Written by the control thread and the writer of copies alone,
// under the journal's lock. `check` covers all before it: a process that is killed in the middle of a change
// leaves a header that counts for nothing.
struct JournalHeader {
  char format[16];
  char copy[32];  // id; all zero: no copy yet
  char boot[48];
  FlowHash::Seed seed;
  std::uint64_t from, last;  // policies: in force when the copy began, in force at the end
  std::uint64_t complete;
  std::uint64_t check;
};

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t set_bytes = EndedFlows::words * sizeof(std::uint64_t);
constexpr std::size_t file_bytes = page + set_bytes;
constexpr std::string_view format = "vpcwall ended 1";
static_assert(sizeof(JournalHeader) <= page && std::is_trivially_copyable_v<JournalHeader>);

std::uint64_t check_of(const JournalHeader& header) noexcept {
  std::uint64_t sum = 0xcbf29ce484222325ULL;                            // FNV-1a
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);  // NOLINT: as bytes
  for (std::size_t i = 0; i < offsetof(JournalHeader, check); ++i) sum = (sum ^ bytes[i]) * 0x100000001b3ULL;
  return sum;
}

// What has to be the same: an id or a boot that does not fit is none of ours.
template <std::size_t size>
bool says(const char (&field)[size], std::string_view text) noexcept {
  if (text.size() > size) return false;
  return std::string_view(field, text.size()) == text &&
         std::all_of(field + text.size(), field + size, [](char one) { return one == 0; });
}

template <std::size_t size>
void set(char (&field)[size], std::string_view text) noexcept {
  std::memset(field, 0, size);
  std::memcpy(field, text.data(), std::min(size, text.size()));
}

bool is_ours(const JournalHeader& header) noexcept {
  return header.check == check_of(header) && says(header.format, format);
}

void change(JournalHeader& header, const auto& how) noexcept {
  header.check = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // a kill leaves all that came before it
  how(header);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  header.check = check_of(header);
}

// Nothing in a mapped file may be without a place: to write there would be the end of the process.
void* map_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0)
    throw std::system_error(errno, std::generic_category(), path);
  if (!S_ISREG(facts.st_mode) || facts.st_nlink != 1)
    throw std::system_error(EEXIST, std::generic_category(), path);
  const bool whole = static_cast<std::size_t>(facts.st_size) == file_bytes;
  if (!whole && ::ftruncate(file.get(), 0) != 0)
    throw std::system_error(errno, std::generic_category(), path);
  if (const int error = ::posix_fallocate(file.get(), 0, file_bytes); error != 0)
    throw std::system_error(error, std::generic_category(), path);
  void* const address = ::mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (address == MAP_FAILED) throw std::system_error(errno, std::generic_category(), path);
  return address;
}

EndedFlows::Set set_after(JournalHeader* header) noexcept {
  auto* const bytes = reinterpret_cast<std::byte*>(header) + page;      // NOLINT: a mapped file
  return {reinterpret_cast<std::uint64_t*>(bytes), EndedFlows::words};  // NOLINT: at a page's beginning
}

std::string mark_path(const std::string& directory) { return directory + "/ended-cleanly"; }

}  // namespace

std::string CrashJournal::new_id() {
  const FlowHash::Seed random = random_seed();
  return digest_of({reinterpret_cast<const char*>(random.data()), sizeof random})  // NOLINT: as bytes
      .substr(std::string_view("sha256:").size(), sizeof JournalHeader::copy);
}

CrashJournal::CrashJournal(std::string state_directory, const std::string& fast_directory)
    : state_directory_(std::move(state_directory)) {
  try {
    chain_ = std::make_unique<PolicyChain>(state_directory_);
    // Several daemons may share the place; each has a state directory of its own.
    const bool usable = ::access(fast_directory.c_str(), W_OK) == 0;
    const std::string name = (usable ? fast_directory : state_directory_) + "/ended-flows-" +
                             digest_of(std::filesystem::absolute(state_directory_).string()).substr(7, 16);
    for (std::size_t i = 0; i < headers_.size(); ++i)
      headers_.at(i) = static_cast<JournalHeader*>(map_file(name + '-' + std::to_string(i)));
    const bool same =
        is_ours(*headers_[0]) && is_ours(*headers_[1]) && headers_[0]->seed == headers_[1]->seed;
    if (!same) {
      const FlowHash::Seed seed = random_seed();
      for (JournalHeader* header : headers_)
        change(*header, [&](JournalHeader& one) {
          one = {};
          set(one.format, format);
          one.seed = seed;
        });
    }
    for (const JournalHeader* header : headers_)
      chain_->skip_to(std::max(header->from, header->last + 1) - 1);  // `from` may be still to come
    ended_.emplace(std::array{set_after(headers_[0]), set_after(headers_[1])}, headers_[0]->seed);
  } catch (const std::exception& error) {
    problem_ = error.what();
    spdlog::warn("no flow will outlive an end without notice, since what ended before cannot be kept: {}",
                 problem_);
  }
}

CrashJournal::~CrashJournal() {
  for (JournalHeader* header : headers_)
    if (header != nullptr) ::munmap(header, file_bytes);
}

// Whoever uses the copy changes what it stands for, so the mark goes first, and for good.
bool CrashJournal::take_clean_mark(const std::string& id) {
  const std::string path = mark_path(state_directory_);
  const auto mark = read_text_file(path, page);
  if (!mark) return false;
  if (::unlink(path.c_str()) != 0) {
    spdlog::warn("{} cannot be removed, so the copy beside it cannot be used: {}", path,
                 std::strerror(errno));
    return false;
  }
  const FileDescriptor directory(::open(state_directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0 && !id.empty() && *mark == id + '\n';
}

Aftermath CrashJournal::what_is_left(const std::string& id) {
  Aftermath left;
  if (!ended_) {
    left.why_not = problem_;
    return left;
  }
  const std::string boot = boot_id();
  for (left.set = 0; left.set < headers_.size(); ++left.set) {
    const JournalHeader& header = *headers_.at(left.set);
    if (header.from == 0 || !says(header.copy, id)) continue;
    if (boot.empty() || !says(header.boot, boot))
      left.why_not = "the machine has restarted, or this cannot be known";
    else if (header.complete == 0)
      left.why_not = "a policy that was in force could not be kept";
    else if (auto texts = chain_->read(header.from, header.last); !texts)
      left.why_not = texts.error();
    else
      left.policies = std::move(*texts);
    return left;
  }
  left.set = 0;
  left.why_not = "what ended after the copy of the flows was made is not known";
  return left;
}

Aftermath CrashJournal::resume(const std::string& id) {
  Aftermath left;
  {
    const std::lock_guard lock(mutex_);
    left.clean = take_clean_mark(id);
    if (!left.clean) left = what_is_left(id);
    set_ = left.set;
    in_force_ = chain_ ? chain_->last() : 0;
  }
  if (left.clean) begin_anew(id);
  return left;
}

void CrashJournal::head(std::size_t which, const std::string& id, std::uint64_t from) {
  change(*headers_.at(which), [&](JournalHeader& one) {
    set(one.copy, id);
    set(one.boot, boot_id());
    one.from = from;
    one.last = from == chain_->next() ? 0 : chain_->last();
    one.complete = 1;
  });
}

void CrashJournal::begin_anew(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (!ended_) return;
  for (JournalHeader* header : headers_) change(*header, [](JournalHeader& one) { one.from = 0; });
  chain_->clear();
  in_force_ = 0;
  set_ = 0;
  ended_->forget(set_);
  head(set_, id, chain_->next());
}

void CrashJournal::lose_track(const std::string& why) {
  spdlog::warn(
      "should the daemon end without notice before its flows are copied again, the next one begins "
      "without flows: {}",
      why);
  for (JournalHeader* header : headers_) change(*header, [](JournalHeader& one) { one.complete = 0; });
  chain_->clear();
  in_force_ = 0;
}

std::uint64_t CrashJournal::comes(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (!ended_) return 0;
  last_text_ = text;
  try {
    const std::uint64_t number = chain_->append(text);
    for (JournalHeader* header : headers_)
      if (header->from != 0) change(*header, [number](JournalHeader& one) { one.last = number; });
    return number;
  } catch (const std::exception& error) {
    lose_track(error.what());
    return 0;
  }
}

void CrashJournal::came(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  in_force_ = number;
}

void CrashJournal::withdrew(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (!ended_ || number == 0) return;
  for (JournalHeader* header : headers_)
    if (header->last == number)
      change(*header, [this](JournalHeader& one) { one.last = std::max(one.from, in_force_); });
  chain_->withdraw(number);
}

CopyMark CrashJournal::begin_copy() {
  const std::lock_guard lock(mutex_);
  CopyMark mark{new_id(), 0, 1 - set_};
  if (!ended_) return mark;
  change(*headers_.at(mark.set), [](JournalHeader& one) { one.from = 0; });
  ended_->forget(mark.set);
  try {
    // After a policy that could not be kept, the chain begins with the one in force.
    if (in_force_ == 0) in_force_ = chain_->append(last_text_);
    mark.policy = in_force_;
    head(mark.set, mark.id, in_force_);
  } catch (const std::exception& error) {
    lose_track(error.what());
  }
  return mark;
}

void CrashJournal::copied(const CopyMark& mark) {
  const std::lock_guard lock(mutex_);
  if (!ended_) return;
  set_ = mark.set;
  chain_->drop_before(mark.policy);
}

void CrashJournal::ended_cleanly(const std::string& id) {
  const std::lock_guard lock(mutex_);
  replace_file(mark_path(state_directory_), id + '\n');
}

}  // namespace vpcwall

#include "audit/verification.h"

#include <utility>

#include "audit/sha256.h"

namespace vpcwall {
namespace {

std::string entries(std::uint64_t first, std::uint64_t last) {
  if (first == last) return "entry " + std::to_string(first);
  return "entries " + std::to_string(first) + " to " + std::to_string(last);
}

std::string are_missing(std::uint64_t first, std::uint64_t last) {
  return entries(first, last) + (first == last ? " is missing" : " are missing");
}

}  // namespace

std::string_view to_string(ChainFault fault) noexcept {
  switch (fault) {
    case ChainFault::changed: return "changed";
    case ChainFault::missing: return "missing";
    case ChainFault::unreadable: return "unreadable";
    case ChainFault::unexpected: return "unexpected";
  }
  return "";
}

void ChainVerification::add(ChainFault fault, std::uint64_t first, std::uint64_t last, std::string text) {
  if (report_.findings.size() < most_findings)
    report_.findings.push_back({fault, first, last, std::move(text)});
  else
    ++report_.not_listed;
}

void ChainVerification::missing(std::uint64_t first, std::uint64_t last, const std::string& where) {
  add(ChainFault::missing, first, last, are_missing(first, last) + where);
}

void ChainVerification::begin(const ChainLink& link) {
  const std::uint64_t first = head_ ? head_->first : link.entry;
  if (link.entry > first) missing(first, link.entry - 1, " at the beginning");
  if (link.entry == 1 && link.previous != digest_)
    add(ChainFault::changed, 1, 1, "what comes before entry 1 is not what entry 1 vouches for");
  report_.first = link.entry;
}

void ChainVerification::unreadable_line() {
  if (report_.first == 0) {
    ++report_.unchained;
    return;
  }
  ++report_.last;
  add(ChainFault::unreadable, report_.last, report_.last,
      "entry " + std::to_string(report_.last) + " cannot be read: its line is no entry");
  is_trusted_ = false;
}

void ChainVerification::line(std::string_view line) {
  std::string digest = sha256_of(line);
  const auto link = link_of(line);
  if (!link) {
    unreadable_line();
    digest_ = std::move(digest);
    return;
  }
  if (report_.first == 0) {
    begin(*link);
  } else if (link->entry <= report_.last) {
    add(ChainFault::unexpected, link->entry, link->entry,
        "entry " + std::to_string(link->entry) + " is out of order: it follows entry " +
            std::to_string(report_.last));
    return;
  } else if (link->entry > report_.last + 1) {
    missing(report_.last + 1, link->entry - 1, "");
  } else if (is_trusted_ && link->previous != digest_) {
    add(ChainFault::changed, report_.last, report_.last,
        "entry " + std::to_string(report_.last) + " has been changed: it is not what entry " +
            std::to_string(link->entry) + " vouches for");
  }
  report_.last = link->entry;
  is_trusted_ = true;
  digest_ = std::move(digest);
  if (head_ && link->entry == head_->entry) digest_at_head_ = digest_;
}

ChainReport ChainVerification::finish(bool cut) {
  if (cut)
    add(ChainFault::unreadable, report_.last + 1, report_.last + 1,
        "the last line, after entry " + std::to_string(report_.last) + ", is cut off");
  if (head_ && head_->entry != 0) {
    // The daemon writes an entry first and the head after that, so it may be killed between the two.
    if (report_.last < head_->entry)
      missing(report_.last == 0 ? head_->first : report_.last + 1, head_->entry, " at the end");
    else if (!digest_at_head_.empty() && digest_at_head_ != head_->digest)
      add(ChainFault::changed, head_->entry, head_->entry,
          "entry " + std::to_string(head_->entry) + " has been changed: it is not what the head vouches for");
    if (report_.last > head_->entry + 1)
      add(ChainFault::unexpected, head_->entry + 2, report_.last,
          entries(head_->entry + 2, report_.last) + ": the head does not know of them");
  }
  return std::move(report_);
}

}  // namespace vpcwall

#include "reach/address_classes.h"

#include <algorithm>
#include <cstdint>

namespace vpcwall {
namespace {

constexpr std::uint32_t nowhere = 0xffffffffU;

class Refinement {
 public:
  Refinement(Family family, std::span<const PrefixSet> sets) : family_(family) {
    starts_.push_back({0, 0, family});
    for (const PrefixSet& set : sets)
      for (const Prefix& prefix : set) {
        if (prefix.base.family != family) continue;
        starts_.push_back(prefix.base);
        if (const auto after = next(prefix.last())) starts_.push_back(*after);
      }
    std::sort(starts_.begin(), starts_.end());
    starts_.erase(std::unique(starts_.begin(), starts_.end()), starts_.end());
    class_of_.assign(starts_.size(), 0);
    seen_.assign(starts_.size(), 0);
  }

  // What lies in the set goes into classes of its own.
  void split(const PrefixSet& set) {
    ++round_;
    for (const Prefix& prefix : set) {
      if (prefix.base.family != family_ || prefix.length == 0) continue;
      const auto after = next(prefix.last());
      const std::size_t end = after ? piece_at(*after) : starts_.size();
      for (std::size_t piece = piece_at(prefix.base); piece < end; ++piece) move(piece);
    }
  }

  [[nodiscard]] std::vector<std::vector<AddressRange>> classes() const {
    std::vector<std::vector<AddressRange>> found;
    std::vector<std::uint32_t> place(moved_.size(), nowhere);
    const IpAddress last = make_prefix({0, 0, family_}, 0).last();
    for (std::size_t piece = 0; piece < starts_.size(); ++piece) {
      std::uint32_t& at = place[class_of_[piece]];
      if (at == nowhere) {
        at = static_cast<std::uint32_t>(found.size());
        found.emplace_back();
      }
      std::vector<AddressRange>& ranges = found[at];
      const IpAddress end = piece + 1 < starts_.size() ? before(starts_[piece + 1]) : last;
      if (!ranges.empty() && next(ranges.back().last) == starts_[piece])
        ranges.back().last = end;
      else
        ranges.push_back({starts_[piece], end});
    }
    return found;
  }

 private:
  struct Move {
    std::uint32_t round = 0;
    std::uint32_t to = 0;
  };

  [[nodiscard]] std::size_t piece_at(const IpAddress& start) const {
    return static_cast<std::size_t>(std::lower_bound(starts_.begin(), starts_.end(), start) -
                                    starts_.begin());
  }

  void move(std::size_t piece) {
    if (seen_[piece] == round_) return;  // prefixes of one set may lie in each other
    seen_[piece] = round_;
    const std::uint32_t from = class_of_[piece];
    if (moved_[from].round != round_) {
      moved_[from] = {round_, static_cast<std::uint32_t>(moved_.size())};
      moved_.emplace_back();
    }
    class_of_[piece] = moved_[from].to;
  }

  [[nodiscard]] static IpAddress before(const IpAddress& address) noexcept {
    IpAddress result = address;
    if (address.family == Family::ipv4) {
      result.high -= std::uint64_t{1} << 32U;
    } else {
      result.high -= address.low == 0 ? 1 : 0;
      --result.low;
    }
    return result;
  }

  Family family_;
  std::vector<IpAddress> starts_;        // of the pieces
  std::vector<std::uint32_t> class_of_;  // by piece
  std::vector<std::uint32_t> seen_;      // by piece: the last round that moved it
  std::vector<Move> moved_{1};  // by class: where the part of it goes that the set of this round holds
  std::uint32_t round_ = 0;
};

}  // namespace

std::vector<std::vector<AddressRange>> address_classes(Family family, std::span<const PrefixSet> sets) {
  Refinement refinement(family, sets);
  for (const PrefixSet& set : sets) refinement.split(set);
  return refinement.classes();
}

}  // namespace vpcwall

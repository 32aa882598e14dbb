#include "explain/opening.h"

#include <algorithm>
#include <memory>

#include "explain/codes.h"
#include "explain/hypothesis.h"
#include "explain/lifting.h"

namespace vpcwall {
namespace {

constexpr std::size_t most_refusals = 24;  // twelve gates at most, each of which may have to be lifted twice

// The lowest numbered entry that denies anything of this at the gate of `refusal`; 0: none does.
std::uint16_t lowest_deny(const PortCoverage& coverage, const Refusal& refusal, const CounterSlots& slots) {
  unsigned lowest = 0;
  for (const PortPiece& piece : coverage.pieces) {
    const auto other = refusal_of(piece.story);
    if (!other || !other->at_same_gate(refusal) || other->reason != Reason::acl_entry) continue;
    const auto number = static_cast<unsigned>(std::stoul(slots.identity(other->gate.rule).rule));
    if (lowest == 0 || number < lowest) lowest = number;
  }
  return static_cast<std::uint16_t>(lowest);
}

class Walk {
 public:
  Walk(const JudgedPolicy& policy, const StoryTeller& teller, const Inquiry& inquiry)
      : in_force_(policy), teller_(teller), inquiry_(inquiry) {}

  Opening run(PortCoverage coverage) {
    std::unique_ptr<Hypothesis> hypothesis;
    while (!coverage.all_pass() && opening_.refusals.size() < most_refusals) {
      const auto refusal = refusal_of(coverage.story(inquiry_.request.source_port));
      if (!refusal) {
        give_up("the packet is not one that a gate could let pass", "Send a packet that is whole.");
        return std::move(opening_);
      }
      opening_.refusals.push_back(*refusal);
      const JudgedPolicy now = hypothesis ? hypothesis->judged() : in_force_;
      for (auto& code : codes_of(now, *refusal)) opening_.codes.push_back(std::move(code));
      hypothesis = std::make_unique<Hypothesis>(without(now, coverage, *refusal), in_force_);
      coverage = cover(teller_, hypothesis->judged().compiled, inquiry_);
    }
    if (!coverage.all_pass()) give_up("what would let it pass was not found", {});
    if (opening_.fix.why_not.empty()) settle();
    return std::move(opening_);
  }

 private:
  // The policy without what refused, whether or not anybody could write that.
  Policy without(const JudgedPolicy& now, const PortCoverage& coverage, const Refusal& refusal) {
    const Lifting lifting =
        lift(now, refusal, inquiry_, refusal.at_acl() ? lowest_deny(coverage, refusal, now.slots) : 0);
    if (lifting.ways.empty()) give_up(lifting.why_not, lifting.instead);
    std::string refused, hint;
    for (const std::vector<Edit>& way : lifting.ways) {
      auto edited = apply_edits(now.written, way);
      if (edited) {
        ways_.push_back(way);
        return std::move(*edited);
      }
      refused = edited.error().message;
      hint = edited.error().hint;
    }
    give_up("the policy has no room for the rule that would help: " + refused, hint);
    Policy forced = now.written;
    force(forced, now, refusal);
    return forced;
  }

  void give_up(std::string why_not, std::string instead) {
    if (!opening_.fix.why_not.empty()) return;
    opening_.fix.why_not = std::move(why_not);
    opening_.fix.instead = std::move(instead);
  }

  // Leaves out what turned out to be needless once all the rest was there. Edits that lift one refusal
  // together go together: half of them may open more than was asked for.
  void settle() {
    for (std::size_t i = 0; ways_.size() > 1 && i < ways_.size();) {
      std::vector<std::vector<Edit>> rest = ways_;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      if (helps(joined(rest)))
        ways_ = std::move(rest);
      else
        ++i;
    }
    const std::vector<Edit> edits = joined(ways_);
    if (!helps(edits)) return give_up("what would let it pass was not found", {});
    opening_.fix.policy = *apply_edits(in_force_.written, edits);
    opening_.fix.edits = edits;
  }

  static std::vector<Edit> joined(const std::vector<std::vector<Edit>>& ways) {
    std::vector<Edit> all;
    for (const std::vector<Edit>& way : ways) all.insert(all.end(), way.begin(), way.end());
    return all;
  }

  [[nodiscard]] bool helps(const std::vector<Edit>& edits) const {
    const auto edited = apply_edits(in_force_.written, edits);
    if (!edited) return false;
    const Hypothesis hypothesis(*edited, in_force_);
    return cover(teller_, hypothesis.judged().compiled, inquiry_).all_pass();
  }

  const JudgedPolicy& in_force_;
  const StoryTeller& teller_;
  const Inquiry& inquiry_;
  std::vector<std::vector<Edit>> ways_;  // one for each refusal that was lifted
  Opening opening_;
};

}  // namespace

Opening open_the_way(const JudgedPolicy& policy, const StoryTeller& teller, const Inquiry& inquiry,
                     const PortCoverage& coverage) {
  return Walk(policy, teller, inquiry).run(coverage);
}

}  // namespace vpcwall

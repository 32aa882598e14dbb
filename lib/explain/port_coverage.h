// What becomes of every source port that a client may have: an entry that covers only part of its range
// breaks some connections and not others.
//
// The range is cut where some rule or entry on the way begins or ends, so that all ports of a piece are
// judged alike, and the engine is asked once for each piece. Any thread.
#pragma once

#include <vector>

#include "explain/inquiry.h"
#include "explain/story.h"

namespace vpcwall {

// Ports that are judged alike, and the story of the first of them.
struct PortPiece {
  PortRange ports;
  Story story;
};

// Neighbours with the same outcome, put together.
struct PortOutcome {
  PortRange ports;
  bool passes = false;
};

struct PortCoverage {
  std::vector<PortPiece> pieces;  // in the order of ports, together the whole range; never empty

  [[nodiscard]] bool all_pass() const noexcept;
  [[nodiscard]] bool none_passes() const noexcept;
  [[nodiscard]] std::vector<PortOutcome> outcomes() const;
  // The one to tell: of a piece that is blocked if there is one, with the usual port where that is in it.
  [[nodiscard]] const Story& story(std::uint16_t usual_port) const noexcept;
};

[[nodiscard]] PortCoverage cover(const StoryTeller& teller, const CompiledPolicy& policy,
                                 const Inquiry& inquiry);

}  // namespace vpcwall

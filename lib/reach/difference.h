// Whose verdict changes when one policy takes the place of another.
//
//   const auto difference = find_difference(before, after, {});  // or the reason why there is no answer
//   for (const ChangeLine& line : difference->lines) …
//
// Traffic is cut into the parts that neither policy tells apart (see reach.h), and a witness of each is
// played under both: the request, its reply, and, where both pass under the first, what becomes of the open
// connection: it is opened under the first policy, the policy changes as by a reload (C-20, C-25, C-67), and
// both ends send once more, the client first. Every verdict is the engine's.
//
// An interface that only one policy has does not exist under the other: nobody reaches it there, and it sends
// nothing. Interfaces are the same when their id is.
//
// Cost: as of find_reach, twice, and some microseconds for each connection. Pure; any thread.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/expected.h"
#include "reach/exchange.h"
#include "reach/line.h"
#include "reach/reach.h"

namespace vpcwall {

// What becomes of a request under one policy.
enum class RequestFate : std::uint8_t {
  absent,     // the policy lacks the interface at one end
  refused,    // a gate refuses the request
  half_open,  // it arrives, its reply does not
  answered,   // both arrive; or it arrives, and nobody answers such a request
};
[[nodiscard]] std::string_view to_string(RequestFate fate) noexcept;
[[nodiscard]] constexpr bool arrives(RequestFate fate) noexcept { return fate >= RequestFate::half_open; }

// What becomes of a connection that was open before the change.
enum class ConnectionFate : std::uint8_t {
  none,          // there was none: not answered before, or nothing that is answered
  lives_on,      // packets pass both ways
  cut,           // neither way
  cut_onward,    // what the client sends is dropped
  cut_backward,  // what the server sends is dropped
};
[[nodiscard]] std::string_view to_string(ConnectionFate fate) noexcept;
[[nodiscard]] constexpr bool is_cut(ConnectionFate fate) noexcept { return fate >= ConnectionFate::cut; }

enum class ChangeKind : std::uint8_t {
  newly_allowed,        // the request arrives now
  newly_denied,         // it does no more
  reply_newly_allowed,  // it arrived before and does now; its reply does now
  reply_newly_denied,   // likewise; its reply does no more
  cut,                  // new connections work as before, open ones are cut (C-26)
};
inline constexpr std::array all_change_kinds{ChangeKind::newly_allowed, ChangeKind::newly_denied,
                                             ChangeKind::reply_newly_allowed, ChangeKind::reply_newly_denied,
                                             ChangeKind::cut};
[[nodiscard]] std::string_view to_string(ChangeKind kind) noexcept;

struct TrafficChange {
  RequestFate before = RequestFate::refused, after = RequestFate::refused;
  ConnectionFate connection = ConnectionFate::none;
  // Under the second policy: what refuses the request or reply that passed before; of a cut connection, what
  // drops its packets.
  std::optional<GateOutcome> refusal;
  std::vector<PortRange> clients;  // from which client ports; tcp and udp only

  // Of a change; nothing if nothing changes.
  [[nodiscard]] std::optional<ChangeKind> kind() const noexcept;
  friend bool operator==(const TrafficChange& a, const TrafficChange& b) noexcept;
};
using ChangeLine = Line<TrafficChange>;

struct DifferenceOptions {
  // tcp and udp are compared from these client ports.
  PortRange client_ports = linux_client_ports;
  std::optional<Protocol> protocol;
  std::string from, to;  // as in ReachOptions
  std::uint64_t max_exchanges = default_max_exchanges;
};

struct TrafficDifference {
  EndpointMap endpoints;  // of both
  PerFamily<TrafficSpace> spaces;
  std::vector<ChangeLine> lines;
  PortRange client_ports;
  std::uint64_t exchanges = 0;
  std::array<std::shared_ptr<const CompiledPolicy>, 2> policies;
  CounterSlots slots;  // of both
};

// The mistake says what was found and what to do about it.
[[nodiscard]] Expected<TrafficDifference, std::string> find_difference(const Policy& before,
                                                                       const Policy& after,
                                                                       const DifferenceOptions& options);

}  // namespace vpcwall

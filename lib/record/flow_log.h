// Decisions gathered into flow log records, interval by interval.
//
// A record exists at every interface whose gates were asked: what was sent shows ACCEPT at the sender even if
// the receiver's side refuses it, where it is REJECT (F-42). Accepted and refused packets of one flow make
// two records (F-8), and so do its two directions (F-9). Exempt traffic, and a host talking to itself, leave
// none (F-57, F-59). One thread; memory grows with the flows of one interval, at most `max_flows` of them.
#pragma once

#include <map>
#include <vector>

#include "base/time.h"
#include "engine/decision.h"
#include "engine/journey.h"
#include "record/flow_record.h"

namespace vpcwall {

class FlowLog {
 public:
  static constexpr std::size_t max_flows = 65536;  // flows beyond are not recorded in that interval

  void add(const CompiledPolicy& policy, const Packet& packet, const Journey& journey,
           const Decision& decision, Duration at);

  // Ends the interval: its records in the order of their first packets, and NODATA for every interface that
  // saw nothing (F-43).
  [[nodiscard]] std::vector<FlowRecord> close(const CompiledPolicy& policy, Duration at);

 private:
  struct Key {
    std::string interface;
    IpAddress source, destination;
    std::uint16_t source_port, destination_port;
    Protocol protocol;
    Direction direction;
    RecordAction action;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  void record(const CompiledPolicy& policy, const Packet& packet, InterfaceIndex side, Direction direction,
              RecordAction action, Duration at);

  std::map<Key, std::size_t> places_;  // in records_
  std::vector<FlowRecord> records_;
  Duration begun_{};
};

}  // namespace vpcwall

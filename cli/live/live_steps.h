// The steps of one scenario, carried out in a lab whose daemon is running.
#pragma once

#include <map>
#include <optional>

#include "cli/live/injection.h"
#include "cli/live/live_lab.h"
#include "scenario/outcome.h"

namespace vpcwall {

class LiveSteps {
 public:
  // `host`: the endpoint whose own kernel runs the daemon; none: the router's does.
  LiveSteps(LiveLab& lab, const Scenario& scenario, std::optional<std::size_t> host, bool fast_path);

  ~LiveSteps();
  LiveSteps(const LiveSteps&) = delete;
  LiveSteps& operator=(const LiveSteps&) = delete;

  [[nodiscard]] std::size_t answered_by_kernel() const noexcept { return answered_by_kernel_; }

  StepOutcome operator()(const PacketCheck& check);
  StepOutcome operator()(const Wait& wait);
  StepOutcome operator()(const Change& change);
  StepOutcome operator()(const StateCheck& check);
  // These are about decisions and policies, not about packets: nothing is sent for them.
  StepOutcome operator()(const FlowLogCheck&) { return {}; }
  StepOutcome operator()(const AuditCheck&) { return {}; }

 private:
  struct Observed {
    std::optional<nlohmann::json> decision;  // what the daemon said of the packet
    bool arrived = false;
  };
  [[nodiscard]] Observed through_router(const PacketCheck& check);
  [[nodiscard]] Observed through_host(const PacketCheck& check);
  [[nodiscard]] std::vector<PacketBytes> bytes_of(const PacketCheck& check) const;
  // The daemon's decision about `packet`, when it has judged `marker` as well.
  [[nodiscard]] std::optional<nlohmann::json> decision_before(const Packet& packet, const Packet& marker);
  [[nodiscard]] SeenPacket seen(const PacketCheck& check, const Observed& observed, std::uint64_t failures);
  // What the daemon has counted: "sg-ingress tracked" -> packets, and so on for the reasons.
  using Totals = std::map<std::string, std::int64_t>;
  [[nodiscard]] Totals totals() const;
  // What the kernel said of the one packet that was counted since; nothing when there was none.
  [[nodiscard]] std::optional<SeenPacket> counted_since(const Totals& before, const PacketCheck& check,
                                                        bool arrived);

  LiveLab& lab_;
  Policy policy_;
  std::optional<std::size_t> host_;
  bool fast_path_;
  std::size_t answered_by_kernel_ = 0;
  std::uint64_t next_event_ = 0;
  std::uint16_t marker_port_ = 20000;
  void set_fragment_patience(const std::string& seconds);

  bool impatient_ = false;      // the scenario waits until the kernel gives a datagram up
  std::uint64_t given_up_ = 0;  // datagrams that it had given up when the last fragment was sent
  bool holding_ = false;        // a datagram waits in the kernel for its other fragments
};

}  // namespace vpcwall

// The wires of a live test: a router namespace and one namespace per interface, with a window on each wire,
// and the vpcwalld under test.
//
// The endpoints are silent: no addresses, no kernel that would answer a packet with one of its own, so that
// the daemon sees exactly what the test sends. `speaking` endpoints have their addresses, for a daemon that
// guards the host it runs on. Everything is recorded as a lab, so that `vpcwall lab down --all` removes what
// a killed run left; the destructor removes it otherwise. One thread. Needs root; failures are
// std::runtime_error with one line.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/lab/lab.h"
#include "cli/live/packet_port.h"

namespace vpcwall {

enum class Endpoints : std::uint8_t { silent, speaking };

class LiveLab {
 public:
  // `topology`: a policy whose interfaces are all those that any scenario guards or speaks of.
  LiveLab(const Policy& topology, const std::string& name, Endpoints endpoints, const std::string& daemon);
  ~LiveLab();
  LiveLab(const LiveLab&) = delete;
  LiveLab& operator=(const LiveLab&) = delete;

  [[nodiscard]] const LabPlan& plan() const noexcept { return record_.plan; }
  // On the endpoint's device, and on the router's end of the same wire.
  [[nodiscard]] PacketPort& at_endpoint(std::size_t endpoint) { return *at_endpoint_.at(endpoint); }
  [[nodiscard]] PacketPort& at_router(std::size_t endpoint) { return *at_router_.at(endpoint); }

  // Makes the router hand packets for `destination` to this endpoint, until restore_route().
  void route(const IpAddress& destination, std::size_t endpoint);
  void restore_route(const IpAddress& destination);

  // In the router's namespace, guarding the interfaces of `policy`; or, with `host`, in that endpoint's
  // namespace.
  void start_daemon(const Policy& policy, const std::string& backend, bool fast_path,
                    std::optional<std::size_t> host);
  void stop_daemon();
  // A question on the control socket; throws std::runtime_error with the daemon's words when it refuses.
  [[nodiscard]] nlohmann::json ask(const nlohmann::json& request) const;
  // Writes the policy and has the daemon load it; throws std::runtime_error when it does not.
  void reload(const Policy& policy);

 private:
  LabRecord record_;
  std::deque<std::unique_ptr<PacketPort>> at_endpoint_, at_router_;
};

}  // namespace vpcwall

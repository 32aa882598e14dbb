// What each verb of the control socket does. Control thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/change/policy_changes.h"
#include "daemon/control/control_server.h"
#include "daemon/firewall.h"
#include "daemon/settings.h"
#include "explain/inquiry.h"

namespace vpcwall {

class Commands {
 public:
  Commands(const Settings& settings, Firewall& firewall, PolicyChanges& changes, TimePoint started);

  [[nodiscard]] ControlAnswer answer(const Request& request, const ControlPeer& peer);
  // What of the answer to `rules` was counted by processes before this one.
  [[nodiscard]] nlohmann::ordered_json inherited_rules() const;

 private:
  // Why this peer may not ask for this, said in the log and the audit log; nothing when it may.
  [[nodiscard]] std::optional<std::string> refuse(const Request& request, const ControlPeer& peer);
  [[nodiscard]] nlohmann::ordered_json status() const;
  [[nodiscard]] ControlAnswer flows(const Request& request) const;
  [[nodiscard]] nlohmann::ordered_json explain(const Request& request) const;
  [[nodiscard]] nlohmann::ordered_json explain(const Inquiry& inquiry) const;
  [[nodiscard]] nlohmann::ordered_json explain(const Event& event) const;
  [[nodiscard]] ControlAnswer observe(const Request& request);
  [[nodiscard]] nlohmann::ordered_json tap(const Request& request);
  [[nodiscard]] nlohmann::ordered_json decisions(const Request& request) const;
  [[nodiscard]] nlohmann::ordered_json advance(const Request& request, const std::string& asked_by);

  const Settings& settings_;
  Firewall& firewall_;
  PolicyChanges& changes_;
  TimePoint started_;
};

}  // namespace vpcwall

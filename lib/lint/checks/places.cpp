#include "lint/checks/places.h"

#include <algorithm>

namespace vpcwall {

bool find_unknown_places(const Policy& policy, Inspection& inspection) {
  if (!inspection.places()) return false;
  const DaemonPlaces& places = *inspection.places();
  const bool bound = places.devices || std::any_of(policy.interfaces.begin(), policy.interfaces.end(),
                                                   [](const Interface& one) { return !one.device.empty(); });
  if (places.host && !places.services)
    inspection.report(policy.vpc.at,
                      "the daemon guards a host and its `services` name no device, so what the resolver, "
                      "instance metadata and the router send to it is dropped",
                      "name the device by which they are reached in `services` of daemon.yaml");
  if (!places.host && !bound && !places.uplinks)
    inspection.report(policy.vpc.at,
                      "the daemon routes and knows no device, so whatever a packet claims as its source is "
                      "believed, an interface's address included");
  return true;
}

}  // namespace vpcwall

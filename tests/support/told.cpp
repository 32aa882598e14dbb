#include "support/told.h"

#include <utility>

#include "support/policies.h"

namespace vpcwall::test {

Told::Told(Policy policy) : policy_(std::move(policy)), compiled_(compile(policy_, context_, 1)) {}

nlohmann::ordered_json Told::about(const Inquiry& inquiry, const Circumstances& now) const {
  return to_json(explain(judged(), inquiry, now), judged());
}

nlohmann::ordered_json Told::about(std::string_view packet) const {
  return about(inquiry_about(packet_of(packet)));
}

}  // namespace vpcwall::test

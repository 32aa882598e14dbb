// A policy in force, and what explain says about packets under it.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "explain/explanation.h"
#include "policy/compile.h"

namespace vpcwall::test {

class Told {
 public:
  explicit Told(Policy policy);

  [[nodiscard]] const Policy& policy() const noexcept { return policy_; }
  [[nodiscard]] const CompiledPolicy& compiled() const noexcept { return *compiled_; }
  [[nodiscard]] JudgedPolicy judged() const { return {policy_, *compiled_, context_.slots, "test.yaml"}; }
  [[nodiscard]] nlohmann::ordered_json about(const Inquiry& inquiry, const Circumstances& now = {}) const;
  // In the notation of packet_of().
  [[nodiscard]] nlohmann::ordered_json about(std::string_view packet) const;

 private:
  Policy policy_;
  CompileContext context_;
  std::shared_ptr<const CompiledPolicy> compiled_;
};

}  // namespace vpcwall::test

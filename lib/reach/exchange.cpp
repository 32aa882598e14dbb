#include "reach/exchange.h"

#include "explain/story.h"

namespace vpcwall {
namespace {

constexpr std::size_t flows_at_once = 16;
constexpr FlowHash::Seed repeatable{2, 3, 5, 7};
constexpr TimePoint now{std::chrono::hours(1)};

}  // namespace

Exchanges::Exchanges()
    : shard_(flows_at_once, repeatable, allowance_), nobody_(std::make_shared<const CompiledPolicy>()) {}

void Exchanges::under(std::shared_ptr<const CompiledPolicy> policy) {
  policy_ = std::move(policy);
  forget();
}

void Exchanges::forget() {
  shard_.adopt(nobody_, now);
  shard_.adopt(policy_, now);
}

Exchange Exchanges::play(const Packet& request) {
  if (shard_.flows().size() > 0) forget();
  Exchange exchange{judge(request), std::nullopt};
  if (exchange.request.verdict == Verdict::accept && is_answered(request))
    exchange.reply = judge(reply_to(request));
  return exchange;
}

Continuation Exchanges::reload(std::shared_ptr<const CompiledPolicy> changed, const Packet& request) {
  Packet onward = request, back = reply_to(request);
  if (request.protocol == Protocol::tcp) {
    for (Packet* packet : {&onward, &back}) {
      packet->tcp_flags = {};
      packet->tcp_flags.ack = true;
    }
    judge(onward);
  }
  const auto before = std::exchange(policy_, std::move(changed));
  shard_.adopt(policy_, now);
  const Decision client = judge(onward);
  const Continuation rest{client, judge(back)};
  under(before);
  return rest;
}

Decision Exchanges::judge(const Packet& packet) {
  return shard_.judge(*policy_, {packet, find_journey(*policy_, packet, {}), now});
}

}  // namespace vpcwall

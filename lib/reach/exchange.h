// A request and what follows it, on a shard of their own: the only place of this folder where packets are
// judged.
//
//   Exchanges exchanges;
//   exchanges.under(policy);                                    // nothing is remembered any more
//   const Exchange exchange = exchanges.play(request);          // the request, then its reply
//   const Continuation rest = exchanges.reload(changed, request);    // its connection, after a change
//
// Every verdict is that of Shard::judge, which asks evaluate() and applies the effects, and a change is
// Shard::adopt, as for live packets. Whose gates a packet meets is told by its addresses alone; an ICMP
// message quotes nothing. No time passes. One thread.
#pragma once

#include <memory>
#include <optional>

#include "engine/shard.h"

namespace vpcwall {

struct Exchange {
  Decision request;
  std::optional<Decision> reply;  // none: refused, or nobody answers such a request
};

// An open connection after a change of policy: the client's next packet, then the server's.
struct Continuation {
  Decision onward, back;
};

class Exchanges {
 public:
  Exchanges();

  // Judge under `policy`, with nothing remembered.
  void under(std::shared_ptr<const CompiledPolicy> policy);

  // With nothing remembered of earlier exchanges.
  [[nodiscard]] Exchange play(const Packet& request);

  // Goes on with the exchange played last: of tcp, the handshake ends; then the policy changes.
  [[nodiscard]] Continuation reload(std::shared_ptr<const CompiledPolicy> changed, const Packet& request);

 private:
  Decision judge(const Packet& packet);
  void forget();

  FlowAllowance allowance_;
  Shard shard_;
  std::shared_ptr<const CompiledPolicy> policy_;
  std::shared_ptr<const CompiledPolicy> nobody_;  // without interfaces: no flow outlives it (C-67)
};

}  // namespace vpcwall

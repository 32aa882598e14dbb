#include "daemon/metrics/metrics_page.h"

#include <unistd.h>

#include "daemon/metrics/metrics_text.h"
#include "daemon/metrics/process_figures.h"

namespace vpcwall {

HttpAnswer MetricsPage::metrics() {
  if (text_.empty() || now() - collected_ > fresh_for) {
    const ControlPeer ourselves{::getpid(), ::geteuid(), -1, RoleSet::all()};
    const ControlAnswer status = commands_.answer({"status", {}}, ourselves);
    const ControlAnswer rules = commands_.answer({"rules", {}}, ourselves);
    if (inherited_.is_null()) inherited_ = commands_.inherited_rules();
    text_ = metrics_text({status.first, rules.first, inherited_, process_figures()}, most_rules_);
    collected_ = now();
  }
  return {200, metrics_content_type, text_};
}

HttpRoutes MetricsPage::routes() {
  return {{"/metrics", [this] { return metrics(); }},
          {"/healthz", [] {
             return HttpAnswer{200, "text/plain; charset=utf-8", "ok\n"};
           }}};
}

}  // namespace vpcwall

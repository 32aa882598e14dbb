#include "daemon/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <memory>

#include "daemon/log/journal_sink.h"
#include "text/escape.h"

namespace vpcwall {

namespace {

// The message as a line that a terminal can be shown, whatever is in it.
class EscapedMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm& /*time*/,
              spdlog::memory_buf_t& target) override {
    const std::string text = escaped({line.payload.data(), line.payload.size()});
    target.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<EscapedMessage>();
  }
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_log_formatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<EscapedMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %*");
  return formatter;
}

void set_up_log(LogLevel level) {
  const char* stream = std::getenv("JOURNAL_STREAM");  // NOLINT: before any thread starts
  const bool journal = stream != nullptr && is_journal_stream(STDERR_FILENO, stream);
  spdlog::sink_ptr sink = journal ? make_journal_sink() : std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("vpcwalld", std::move(sink));
  logger->set_formatter(make_log_formatter());
  switch (level) {
    case LogLevel::error: logger->set_level(spdlog::level::err); break;
    case LogLevel::warning: logger->set_level(spdlog::level::warn); break;
    case LogLevel::info: logger->set_level(spdlog::level::info); break;
    case LogLevel::debug: logger->set_level(spdlog::level::debug); break;
  }
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void log_event(spdlog::level::level_enum level, const LogFields& fields, const std::string& message) {
  const JournalFields of_this_line(fields);
  spdlog::default_logger_raw()->log(level, message);
}

}  // namespace vpcwall

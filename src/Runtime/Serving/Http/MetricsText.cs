using System.Globalization;
using System.Text;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>What <c>GET /metrics</c> and <c>GET /stats</c> say.</summary>
internal static class MetricsText
{
    public static RuntimeStats Stats(LoadedModel model)
    {
        var counters = model.Loop.Counters;
        var seconds = counters.PassTime.TotalSeconds;
        return new RuntimeStats
        {
            Model = model.Name,
            ResidentMiB = Environment.WorkingSet >> 20,
            WeightsMiB = (model.Memory?.WeightBytes ?? 0) >> 20,
            KvMiB = (model.Memory?.CacheBytes ?? 0) >> 20,
            ScratchMiB = (model.Memory?.ScratchBytes ?? 0) >> 20,
            Slots = model.Slots,
            SlotsBusy = counters.Running,
            Waiting = model.Loop.Waiting,
            ContextLength = model.ContextLength,
            KvTokens = counters.HeldTokens,
            PromptTokens = counters.PromptTokens,
            CachedTokens = counters.CachedTokens,
            OutputTokens = counters.OutputTokens,
            TokensPerSecond = seconds > 0 ? counters.OutputTokens / seconds : 0,
            Passes = counters.Passes,
            PassSeconds = seconds,
        };
    }

    public static string Prometheus(LoadedModel model, RequestCounts requests)
    {
        var stats = Stats(model);
        var text = new StringBuilder(2048);
        Add(text, "prompt_tokens_total", "counter", "Prompt tokens taken in, cached ones included.", stats.PromptTokens);
        Add(text, "cached_tokens_total", "counter", "Prompt tokens found in the cache.", stats.CachedTokens);
        Add(text, "output_tokens_total", "counter", "Tokens generated.", stats.OutputTokens);
        Add(text, "requests_total", "counter", "Requests answered well.", requests.Answered, "outcome=\"ok\"");
        Add(text, "requests_total", null, null, requests.Refused, "outcome=\"refused\"");
        Add(text, "requests_total", null, null, requests.Failed, "outcome=\"failed\"");
        Add(text, "requests_total", null, null, requests.Left, "outcome=\"left\"");
        Add(text, "sequences_running", "gauge", "Texts being worked on.", stats.SlotsBusy);
        Add(text, "sequences_waiting", "gauge", "Texts waiting for a slot.", stats.Waiting);
        Add(text, "slots", "gauge", "Texts that can be worked on at once.", stats.Slots);
        Add(text, "passes_total", "counter", "Passes of the model.", stats.Passes);
        Add(text, "pass_seconds_total", "counter", "Time spent in passes.", stats.PassSeconds);
        Add(text, "kv_used_tokens", "gauge", "Tokens in the key/value cache.", stats.KvTokens);
        Add(text, "kv_capacity_tokens", "gauge", "Tokens the key/value cache can hold.", (long)stats.Slots * stats.ContextLength);
        Add(text, "resident_bytes", "gauge", "Physical memory of the process.", Environment.WorkingSet);
        return text.ToString();
    }

    private static void Add(StringBuilder text, string name, string? type, string? help, double value, string? labels = null)
    {
        var full = "amalgam_runtime_" + name;
        if (type is not null)
        {
            text.Append("# HELP ").Append(full).Append(' ').Append(help).Append('\n');
            text.Append("# TYPE ").Append(full).Append(' ').Append(type).Append('\n');
        }

        text.Append(full).Append(labels is null ? "" : $"{{{labels}}}").Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }
}

/// <summary>How requests to the model's endpoints ended.</summary>
internal sealed class RequestCounts
{
    private long answered;
    private long refused;
    private long failed;
    private long left;
    private long running;

    public long Answered => Interlocked.Read(ref answered);

    public long Refused => Interlocked.Read(ref refused);

    public long Failed => Interlocked.Read(ref failed);

    public long Left => Interlocked.Read(ref left);

    /// <summary>Requests that have begun and not ended.</summary>
    public long Running => Interlocked.Read(ref running);

    public void Begin() => Interlocked.Increment(ref running);

    public void End(int status, bool clientLeft)
    {
        Interlocked.Increment(ref clientLeft ? ref left : ref status >= 500 ? ref failed : ref status >= 400 ? ref refused : ref answered);
        Interlocked.Decrement(ref running);
    }
}

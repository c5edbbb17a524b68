using System.Text.Json.Serialization.Metadata;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.ControlPlane.Views;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Usage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Amalgam.ControlPlane.Api;

/// <summary>
/// GET /v1/organization/usage/completions and /v1/organization/costs in OpenAI's shapes, so that dashboards made for it work. A project is a unit; the key must be an auditor's, an
/// operator's or an owner's, and sees its unit and all below.
/// </summary>
public static class UsageEndpoints
{
    public static void MapUsage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/organization/usage/completions", Completions).WithSummary("Tokens and requests by time (OpenAI's shape)");
        routes.MapGet("/v1/organization/costs", Costs).WithSummary("What was charged by day (OpenAI's shape)");
    }

    private static IResult Completions(HttpContext context, Cloud cloud, Callers callers) => Answer(context, cloud, callers, ["project_id", "user_id", "api_key_id", "model", "batch"], daily: false, UsageJson.Default.UsagePageCompletionsUsage, (caller, query) =>
    {
        var (projects, keys, models, users) = (Filter(context, "project_ids"), Filter(context, "api_key_ids"), Filter(context, "models"), Filter(context, "user_ids"));
        // Nothing here has a user of its own or is a batch: asked for those, nothing is found.
        var none = users is not null || string.Equals(context.Request.Query["batch"].ToString(), "true", StringComparison.OrdinalIgnoreCase);
        bool By(string group) => query.GroupBy.Contains(group);
        IReadOnlyList<CompletionsUsage> Results(CloudState state, long startMs) =>
        [
            .. state.Usage.Bucket(query.Width, startMs)
                .Where(item => !none && state.Units.IsPathWithin(state.Units.PathAt(item.Key.Unit, startMs), caller.Unit) && projects?.Contains(item.Key.Unit) != false && keys?.Contains(item.Key.KeyId) != false && models?.Contains(item.Key.Model) != false)
                .GroupBy(item => (Project: By("project_id") ? item.Key.Unit : null, Key: By("api_key_id") ? item.Key.KeyId : null, Model: By("model") ? item.Key.Model : null))
                .OrderBy(group => group.Key.Project, StringComparer.Ordinal).ThenBy(group => group.Key.Key, StringComparer.Ordinal).ThenBy(group => group.Key.Model, StringComparer.Ordinal)
                .Select(group => (group.Key, Sum: group.Aggregate(default(UsageCounts), (sum, item) => sum.Plus(item.Value))))
                .Select(group => new CompletionsUsage(
                    "organization.usage.completions.result", group.Sum.InputTokens, group.Sum.CachedInputTokens, group.Sum.OutputTokens, 0, 0, group.Sum.Requests, group.Key.Project, null, group.Key.Key,
                    group.Key.Model, By("batch") ? false : null)),
        ];

        return cloud.Read(state => Page(query, start => Results(state, start)));
    });

    private static IResult Costs(HttpContext context, Cloud cloud, Callers callers) => Answer(context, cloud, callers, ["project_id", "line_item"], daily: true, UsageJson.Default.UsagePageCostUsage, (caller, query) =>
    {
        var projects = Filter(context, "project_ids");
        var nowMs = cloud.NowMs;
        return cloud.Read(state =>
        {
            var currency = state.Currency.ToLowerInvariant();
            var days = FocusEndpoints.Days(state, caller.Unit, query.StartMs, query.EndMs, nowMs).Where(line => projects?.Contains(line.Key.Unit) != false).ToLookup(line => line.Key.Day);
            return Page(query, start => (IReadOnlyList<CostUsage>)
            [
                .. days[(int)(start / BillBook.DayMs)]
                    .GroupBy(line => (Project: query.GroupBy.Contains("project_id") ? line.Key.Unit : null, Item: query.GroupBy.Contains("line_item") ? LineItem(line.Key) : null))
                    .OrderBy(group => group.Key.Project, StringComparer.Ordinal).ThenBy(group => group.Key.Item, StringComparer.Ordinal)
                    .Select(group => new CostUsage("organization.costs.result", new CostAmount(group.Sum(line => line.Value.AmountNano) / (decimal)Nano.PerUnit, currency), group.Key.Item, group.Key.Project)),
            ]);
        });
    });

    private static IResult Answer<T>(
        HttpContext context, Cloud cloud, Callers callers, IReadOnlyList<string> groups, bool daily, JsonTypeInfo<UsagePage<T>> type, Func<Caller, UsageQuery, UsagePage<T>> read)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var presented = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : "";
        if (callers.Find(presented) is not { } caller)
        {
            return Wrong(401, "invalid_request_error", null, "invalid_api_key", presented.Length == 0 ? "This needs a key: send it as `Authorization: Bearer KEY`." : "The key is unknown, expired or revoked.");
        }

        if (caller.Role == Role.Developer)
        {
            return Wrong(403, "invalid_request_error", null, "insufficient_permissions", "Usage and costs are read with an auditor's, an operator's or an owner's key; this one is a developer's.");
        }

        var query = UsageQuery.Read(context.Request.Query, cloud.NowMs, groups, daily);
        return query.Refusal is { } refusal ? Wrong(400, "invalid_request_error", refusal.Code, null, refusal.Message) : Answers.Json(read(caller, query.Value!), type);
    }

    private static UsagePage<T> Page<T>(UsageQuery query, Func<long, IReadOnlyList<T>> results)
    {
        var (starts, next) = query.Buckets();
        var widthMs = UsageBook.WidthMs(query.Width);
        return new UsagePage<T>("page", [.. starts.Select(start => new UsageBucket<T>("bucket", start / 1000, (start + widthMs) / 1000, results(start)))], next is not null, next);
    }

    /// <summary>Null = everything.</summary>
    private static HashSet<string>? Filter(HttpContext context, string name) => UsageQuery.List(context.Request.Query, name) is { Count: > 0 } list ? [.. list] : null;

    private static string LineItem(BillKey key) => $"{key.Item}, {WorkloadViews.Kebab(key.Meter.ToString()).Replace('-', ' ')}";

    private static IResult Wrong(int status, string type, string? param, string? code, string message) => Answers.Json(new OpenAiError(new OpenAiErrorBody(message, type, param, code)), UsageJson.Default.OpenAiError, status);
}

using System.Text.Json.Serialization;

namespace Amalgam.ControlPlane.Views;

/// <summary>The shapes of OpenAI's usage and costs API (reference: Administration, Usage). Members are never left out: dashboards expect the nulls.</summary>
public sealed record UsagePage<T>(string Object, IReadOnlyList<UsageBucket<T>> Data, bool HasMore, string? NextPage);

/// <param name="StartTime">Unix seconds, inclusive.</param>
/// <param name="EndTime">Unix seconds, exclusive.</param>
public sealed record UsageBucket<T>(string Object, long StartTime, long EndTime, IReadOnlyList<T> Results);

/// <param name="ProjectId">A unit. Null members were not grouped by.</param>
public sealed record CompletionsUsage(
    string Object, long InputTokens, long InputCachedTokens, long OutputTokens, long InputAudioTokens, long OutputAudioTokens, long NumModelRequests, string? ProjectId, string? UserId,
    string? ApiKeyId, string? Model, bool? Batch);

public sealed record CostUsage(string Object, CostAmount Amount, string? LineItem, string? ProjectId);

/// <param name="Currency">Lower case, as OpenAI writes it.</param>
public sealed record CostAmount(decimal Value, string Currency);

public sealed record OpenAiError(OpenAiErrorBody Error);

public sealed record OpenAiErrorBody(string Message, string Type, string? Param, string? Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(UsagePage<CompletionsUsage>))]
[JsonSerializable(typeof(UsagePage<CostUsage>))]
[JsonSerializable(typeof(OpenAiError))]
public sealed partial class UsageJson : JsonSerializerContext;

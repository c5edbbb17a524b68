namespace Amalgam.Gateway.Errors;

/// <summary>A refusal in the OpenAI error envelope: `{"error":{"message","type","param","code"}}` with an HTTP status.</summary>
/// <param name="RetryAfter">Sent as `Retry-After`; null = not sent.</param>
/// <param name="Final">Asking again cannot help: the official clients are told not to retry.</param>
public sealed record ApiError(int Status, string Type, string? Code, string Message, string? Param = null, TimeSpan? RetryAfter = null, bool Final = false);

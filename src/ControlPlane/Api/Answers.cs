using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Journal;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Amalgam.ControlPlane.Api;

/// <summary>Refusals to HTTP in one place, bodies in and out through the source-generated JSON.</summary>
internal static class Answers
{
    private const string CallerKey = "amalgam.caller";
    private const long MaxBodyBytes = 4 << 20;

    public static IResult Json<T>(T value, JsonTypeInfo<T> type, int status = 200) => Results.Json(value, type, statusCode: status);

    public static IResult Refused(Refusal refusal) => Json(new ErrorView(new ErrorBody(refusal.Code, refusal.Message)), ContractsJson.Default.ErrorView, Status(refusal.Code));

    public static int Status(string code) => code switch
    {
        RefusalCodes.Invalid => 400,
        RefusalCodes.Forbidden => 403,
        RefusalCodes.Admission => 403,
        RefusalCodes.NotFound => 404,
        RefusalCodes.Conflict => 409,
        RefusalCodes.TooLarge => 422,
        RefusalCodes.Unavailable => 503,
        _ => 500,
    };

    public static Caller Caller(this HttpContext context) => (Caller)context.Items[CallerKey]!;

    public static void SetCaller(this HttpContext context, Caller caller) => context.Items[CallerKey] = caller;

    public static Actor Actor(this HttpContext context)
    {
        var caller = context.Caller();
        return new Actor($"key/{caller.KeyId}", caller.KeyId, context.Connection.RemoteIpAddress?.ToString());
    }

    /// <summary>The body, or a refusal that says where it is wrong.</summary>
    public static async Task<Outcome<T>> BodyAsync<T>(this HttpContext context, JsonTypeInfo<T> type)
    {
        if (context.Request.ContentLength > MaxBodyBytes)
        {
            return new Refusal(RefusalCodes.Invalid, $"the body is larger than {MaxBodyBytes >> 20} MiB");
        }

        // A body that does not say its length is cut there too.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound)
        {
            bound.MaxRequestBodySize = MaxBodyBytes;
        }

        try
        {
            var value = await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted);
            return value is null ? new Refusal(RefusalCodes.Invalid, "the body must be a JSON object") : value;
        }
        catch (JsonException wrong)
        {
            return new Refusal(RefusalCodes.Invalid, $"the body cannot be read: {OneLine(wrong.Message)}");
        }
        catch (BadHttpRequestException wrong)
        {
            return new Refusal(RefusalCodes.Invalid, OneLine(wrong.Message));
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Replace("Amalgam.Contracts.", "", StringComparison.Ordinal)
        .Replace(" Consider updating its nullability annotation.", "", StringComparison.Ordinal);
}

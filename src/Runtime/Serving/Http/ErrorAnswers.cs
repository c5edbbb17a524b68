using Microsoft.AspNetCore.Http;

namespace Amalgam.Runtime.Serving.Http;

/// <summary>Turns whatever went wrong into OpenAI's error envelope.</summary>
internal static class ErrorAnswers
{
    private const int ClientLeft = 499;

    /// <summary>Runs a request; returns the status it ended with.</summary>
    public static async Task<int> GuardAsync(HttpContext context, Func<Task> answer)
    {
        try
        {
            await answer();
            return context.Response.StatusCode;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return ClientLeft;
        }
        catch (RefusedException refused)
        {
            await WriteAsync(context, refused);
            return refused.Status;
        }
        catch (BadHttpRequestException broken)
        {
            var refused = broken.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? new RefusedException(413, $"The request body is larger than {RequestBody.MostBytes >> 20} MiB; send less at once.", code: "request_too_large")
                : new RefusedException(broken.StatusCode, "The request could not be read; send it again.", code: "bad_request");
            await WriteAsync(context, refused);
            return refused.Status;
        }
#pragma warning disable CA1031 // The last resort: one request's defect must not end the replica, and no stack trace goes to a client.
        catch (Exception error)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"A request to {context.Request.Path} failed: {error}");
            await WriteAsync(context, new RefusedException(500, "The runtime failed on this request; its log has the details.", "server_error", code: "internal_error"));
            return StatusCodes.Status500InternalServerError;
        }
    }

    private static async Task WriteAsync(HttpContext context, RefusedException refused)
    {
        var envelope = new ErrorEnvelope(new ErrorBody(refused.Message, refused.Type) { Param = refused.Param, Code = refused.Code });
        if (context.Response.HasStarted)
        {
            await AnswerStream.WriteErrorAsync(context, envelope);
            return;
        }

        context.Response.Clear();
        context.Response.StatusCode = refused.Status;
        if (refused.Status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        await context.Response.WriteAsJsonAsync(envelope, WireJson.Relaxed.ErrorEnvelope);
    }
}

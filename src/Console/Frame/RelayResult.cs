using Microsoft.AspNetCore.Http;

namespace Amalgam.Pages.Frame;

/// <summary>An answer of the API passed on as it comes: logs, streamed chat, downloads.</summary>
internal static class RelayResult
{
    private static readonly string[] Passed = ["x-amalgam-chip-class", "content-disposition", "retry-after"];

    public static async Task CopyAsync(Visit visit, HttpResponseMessage answer)
    {
        var response = visit.Http.Response;
        response.StatusCode = (int)answer.StatusCode;
        if (!answer.IsSuccessStatusCode)
        {
            response.ContentType = "text/plain; charset=utf-8";
            await response.WriteAsync(await CloudApi.ProblemAsync(answer, visit.Left), visit.Left);
            return;
        }

        response.ContentType = answer.Content.Headers.ContentType?.ToString();
        foreach (var name in Passed)
        {
            if (answer.Headers.TryGetValues(name, out var values) || answer.Content.Headers.TryGetValues(name, out values))
            {
                response.Headers[name] = string.Join(", ", values);
            }
        }

        await using var body = await answer.Content.ReadAsStreamAsync(visit.Left);
        var buffer = new byte[16 << 10];
        int read;
        while ((read = await body.ReadAsync(buffer, visit.Left)) > 0)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, read), visit.Left);
            await response.Body.FlushAsync(visit.Left);
        }
    }
}

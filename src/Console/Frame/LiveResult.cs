using System.Text;
using Amalgam.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Amalgam.Pages.Frame;

/// <summary>
/// Server push: the inside of a page, drawn anew when the journal moved (or after two seconds, for what is not in the journal), sent when it differs from what was
/// sent last. Nothing is kept between two draws but that text: a page that stays open costs the server one waiting request.
/// </summary>
internal sealed class LiveResult(Visit visit, Painter painter, Func<Task<Sight>> sight) : IResult
{
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(400);
    private const string QuietSeconds = "2";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var stopping = httpContext.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        httpContext.Response.ContentType = "text/event-stream; charset=utf-8";
        httpContext.Response.Headers.CacheControl = "no-store";
        try
        {
            await WriteAsync(httpContext.Response, "retry: 700\n\n", end.Token);
            await PushAsync(httpContext.Response, end.Token);
        }
        catch (OperationCanceledException)
        {
            // The page was closed, or the server stops: the browser comes back by itself.
        }
    }

    private async Task PushAsync(HttpResponse response, CancellationToken cancel)
    {
        var sent = "";
        long seen = 0;
        while (!cancel.IsCancellationRequested)
        {
            var news = await visit.Api.GetAsync<ChangesView>($"/api/v1/changes?after={seen}&waitSeconds={QuietSeconds}").WaitAsync(cancel);
            if (news.Status == 401)
            {
                await WriteAsync(response, "event: gone\ndata: the key is no longer valid\n\n", cancel);
                return;
            }

            seen = news.Value?.Sequence ?? seen;
            var html = await painter.InsideAsync(visit.Look, await sight());
            if (html != sent)
            {
                sent = html;
                await WriteAsync(response, $"data: {html.ReplaceLineEndings("\ndata: ")}\n\n", cancel);
            }

            await Task.Delay(Breath, cancel);
        }
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancel)
    {
        await response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancel);
        await response.Body.FlushAsync(cancel);
    }
}

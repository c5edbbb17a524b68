using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Amalgam.Pages.Frame;

/// <summary>Views to HTML: a whole page, or its inside alone for a page that is open already.</summary>
public sealed class Painter(IServiceProvider services, ILoggerFactory log)
{
    public async Task<IResult> PageAsync(Look look, Sight sight) => new PageResult(await HtmlAsync<Shell>(look, sight), sight.Status);

    public Task<string> InsideAsync(Look look, Sight sight) => HtmlAsync<Inside>(look, sight);

    private async Task<string> HtmlAsync<TRoot>(Look look, Sight sight) where TRoot : IComponent
    {
        await using var renderer = new HtmlRenderer(services, log);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = ParameterView.FromDictionary(new Dictionary<string, object?> { ["Look"] = look, ["Sight"] = sight });
            return (await renderer.RenderComponentAsync<TRoot>(parameters)).ToHtmlString();
        });
    }
}

internal sealed class PageResult(string html, int status) : IResult
{
    private const int WorthCompressing = 1400;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        var body = Encoding.UTF8.GetBytes("<!DOCTYPE html>\n" + html);
        response.Headers.Vary = "Accept, Accept-Encoding, Cookie";
        if (body.Length > WorthCompressing && httpContext.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal))
        {
            response.Headers.ContentEncoding = "br";
            using var packed = new MemoryStream();
            await using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                await brotli.WriteAsync(body, httpContext.RequestAborted);
            }

            body = packed.ToArray();
        }

        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, httpContext.RequestAborted);
    }
}

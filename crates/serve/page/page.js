const [form, seed, status, picture] = ["form", "seed", "status", "picture"].map((id) => document.getElementById(id));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  status.textContent = "Drawing …";
  const response = await fetch("v1/samples", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "image/png" },
    body: JSON.stringify({ count: 16, seed: seed.value || null }),
  });
  if (!response.ok) {
    status.textContent = (await response.json()).detail;
    return;
  }
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(await response.blob());
  picture.alt = "16 samples";
  status.textContent = `Seed ${response.headers.get("x-seed")}`;
});
